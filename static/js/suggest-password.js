// “Suggest a password”: six clear letters and two clear digits, made here, shown and filled in.
const LETTERS = "abcdefghjkmnpqrstuvwxyz";
const DIGITS = "23456789";

// An evenly random character: a byte that would favour the first ones is thrown again.
function pick(characters) {
  const fair = 256 - (256 % characters.length);
  const [byte] = crypto.getRandomValues(new Uint8Array(1));
  return byte < fair ? characters[byte % characters.length] : pick(characters);
}

function suggestion() {
  return Array.from({ length: 8 }, (_, place) => pick(place < 6 ? LETTERS : DIGITS)).join("");
}

const button = document.querySelector("[data-suggest-password]");
if (button) {
  const status = button.parentElement.querySelector("[role=status]");
  button.type = "button";
  // Beside the password, where it is needed; in the page as sent it must stand after the form's fields.
  document.querySelector("input[data-suggest]").closest(".field").append(button.parentElement);

  button.addEventListener("click", () => {
    const shown = document.createElement("strong");
    shown.className = "number";
    shown.textContent = suggestion();
    for (const field of button.form.querySelectorAll("input[autocomplete=new-password]")) {
      field.value = shown.textContent;
      field.dispatchEvent(new Event("password:show"));
    }
    status.replaceChildren(`${button.dataset.text} `, shown, ` ${button.dataset.note}`);
  });
}
