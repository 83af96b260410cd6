// Warns before a session ends by itself, and keeps it when asked to.
//
// When it ends, the database knows; the page counts down and asks before it says anything, since another
// tab may have kept the session alive. Asking so (“X-Background”) does not keep it alive.
const WARNED_BEFORE = 120; // seconds
const warning = document.querySelector(".idle-warning");
const form = warning.querySelector("form");
const status = warning.querySelector("[role=status]");
let endsAt;
let backTo = null; // what had the focus before the warning
countFrom(Number(warning.dataset.secondsLeft));

function countFrom(seconds) {
  endsAt = Date.now() + seconds * 1000;
}

const secondsLeft = () => (endsAt - Date.now()) / 1000;

// Seconds until the session ends; 0 when it has; null when the server does not answer.
async function ask(address, options) {
  try {
    const asked = { credentials: "same-origin", cache: "no-store", redirect: "manual", ...options };
    const answer = await fetch(address, asked);
    if (answer.type === "opaqueredirect") return 0;
    return answer.ok ? (await answer.json()).seconds_left : null;
  } catch {
    return null;
  }
}

function show() {
  backTo = document.activeElement;
  status.textContent = "";
  warning.hidden = false;
  form.querySelector("button").focus();
}

function hide() {
  warning.hidden = true;
  backTo?.focus();
}

// The same page anew: it leads to the sign-in page, which says why, and back here.
function leave() {
  location.assign(location.pathname + location.search);
}

let asking = false;
async function tick() {
  if (asking || secondsLeft() > WARNED_BEFORE || (!warning.hidden && secondsLeft() > 0)) return;
  asking = true;
  const left = await ask(warning.dataset.ask, { headers: { "X-Background": "yes" } });
  if (left !== null) countFrom(left);
  if (secondsLeft() <= 0) leave();
  else if (secondsLeft() > WARNED_BEFORE) warning.hidden || hide();
  else if (warning.hidden) show();
  asking = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const left = await ask(form.action, { method: "POST", body: new FormData(form) });
  if (left === 0) leave();
  else if (left === null) status.textContent = status.dataset.failed;
  else {
    countFrom(left);
    hide();
  }
});

// The warning keeps the keyboard; Escape closes it and keeps the session.
warning.addEventListener("keydown", (event) => {
  if (event.key === "Tab") event.preventDefault();
  if (event.key === "Escape") form.requestSubmit();
});

setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
