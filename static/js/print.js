// A button for who does not know the browser's own; without JavaScript it stays hidden.
const printButton = document.querySelector("[data-print]");
printButton.hidden = false;
printButton.addEventListener("click", () => window.print());
