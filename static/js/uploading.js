// Says before sending that a file is too large, and while it is on its way that it is. A large file takes
// minutes: the session is kept alive meanwhile.
const KEEP_EVERY = 5 * 60 * 1000; // milliseconds; a session ends after 15 idle minutes
const input = document.querySelector("input[type=file][data-largest]");
const stay = document.querySelector(".idle-warning form");

if (input) {
  const status = document.createElement("p");
  status.className = "upload-status";
  status.setAttribute("role", "status");
  input.after(status);

  input.addEventListener("change", () => {
    const isTooLarge = input.files.length > 0 && input.files[0].size > Number(input.dataset.largest);
    status.textContent = isTooLarge ? input.dataset.tooLarge : "";
    if (isTooLarge) input.value = "";
  });

  input.form.addEventListener("submit", () => {
    if (!input.files.length) return;
    status.textContent = input.dataset.onItsWay;
    setInterval(() => {
      fetch(stay.action, { method: "POST", body: new FormData(stay), redirect: "manual" }).catch(() => {});
    }, KEEP_EVERY);
  });
}
