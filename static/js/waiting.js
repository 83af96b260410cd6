// Counts down to the opening by the server's clock and loads the page again when it is due.
//
// The server says how many seconds are left; from then on only time that passed on this device counts,
// so a wrong clock does no harm. Two clocks measure it, and the one that is ahead counts: one stands still
// while a device sleeps, the other follows the device's clock, which may be set back.
const page = document.querySelector("[data-refresh-after]");
const secondsLeft = Number(page.dataset.secondsLeft ?? Infinity);
const refreshAfter = Number(page.dataset.refreshAfter);
const JITTER = 4; // seconds: not everybody at once
const dueAfter = secondsLeft <= refreshAfter ? secondsLeft + Math.random() * JITTER : refreshAfter;

const started = { date: Date.now(), steady: performance.now() };
const elapsed = () => Math.max(Date.now() - started.date, performance.now() - started.steady) / 1000;

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const formats = unitFormats();

// How to write “3 days” in the page's language; null in a browser too old for it, which does without.
function unitFormats() {
  const language = document.documentElement.lang;
  try {
    return UNITS.map(([unit]) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }));
  } catch {
    return null;
  }
}

// One cell a unit that still counts: its number over its name.
function drawCountdown(left) {
  const counting = UNITS.findIndex(([, length]) => left >= length);
  const cells = UNITS.map(([, length], index) => {
    const parts = formats[index].formatToParts(Math.floor(left / length));
    left %= length;
    const number = document.createElement("strong");
    number.textContent = parts.find((part) => part.type === "integer").value;
    const cell = document.createElement("span");
    cell.append(number, ` ${parts.find((part) => part.type === "unit").value} `);
    return cell;
  });
  page.replaceChildren(...cells.slice(counting));
  page.hidden = false;
}

let reloading = false;
function reload() {
  if (reloading || !navigator.onLine) return; // off line there is nothing to load; the next tick tries again
  reloading = true;
  location.reload();
}

function tick() {
  const passed = elapsed();
  if (passed >= dueAfter) reload();
  if (!page.dataset.secondsLeft) return;
  const left = Math.ceil(secondsLeft - passed);
  if (left > 0) {
    if (formats) drawCountdown(left);
    return;
  }
  page.hidden = true;
  const status = document.querySelector("[data-opening]");
  if (!status.textContent) status.textContent = status.dataset.opening;
}

tick();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
addEventListener("online", tick);
addEventListener("pageshow", (event) => event.persisted && reload()); // back from another page: ask anew
