// A button beside each password field that shows what was typed, and hides it again before it is sent.
for (const wrapper of document.querySelectorAll(".password")) {
  const field = wrapper.querySelector("input");
  const words = wrapper.dataset;

  const button = document.createElement("button");
  button.type = "button";
  button.className = "password-button";
  button.setAttribute("aria-controls", field.id);

  const status = document.createElement("span");
  status.className = "sr-only";
  status.setAttribute("role", "status");

  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? words.hide : words.show;
    button.setAttribute("aria-label", shown ? words.hideLabel : words.showLabel);
  };
  show(false);
  button.addEventListener("click", () => {
    show(field.type === "password");
    status.textContent = field.type === "text" ? words.shown : words.hidden;
  });
  field.addEventListener("password:show", () => show(true)); // sent by suggest-password.js
  field.form.addEventListener("submit", () => show(false)); // so that no browser keeps it as plain text

  field.spellcheck = false;
  field.autocapitalize = "none";
  wrapper.append(button, status);
}
