// A button that copies a text; without JavaScript, or without the browser's leave, one selects it by hand.
for (const place of navigator.clipboard ? document.querySelectorAll("[data-copies]") : []) {
  const text = document.getElementById(place.dataset.copies);
  const status = document.createElement("span");
  status.setAttribute("role", "status");

  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-secondary";
  button.textContent = place.dataset.copy;
  button.setAttribute("aria-describedby", text.getAttribute("aria-labelledby"));
  button.addEventListener("click", async () => {
    text.select();
    await navigator.clipboard.writeText(text.value);
    status.textContent = place.dataset.copied;
  });
  place.append(button, " ", status);
  place.parentElement.querySelector(".copy-hint").hidden = true;
}
