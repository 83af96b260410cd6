// After a form came back with errors, focus goes to what is wrong.
document.querySelector(".error-summary")?.focus();
