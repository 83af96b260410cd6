// Buttons to print and to copy the recovery codes; without JavaScript the browser's own menu does it.
const place = document.querySelector(".recovery-buttons");
const codes = () => [...document.querySelectorAll(".recovery-codes code")].map((code) => code.textContent).join("\n");

function button(words, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = words;
  made.addEventListener("click", act);
  place.append(made, " ");
}

button(place.dataset.print, () => window.print());
if (navigator.clipboard) {
  button(place.dataset.copy, async () => {
    await navigator.clipboard.writeText(codes());
    document.querySelector(".copied").textContent = place.dataset.copied;
  });
}
