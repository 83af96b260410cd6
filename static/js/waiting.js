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
const language = document.documentElement.lang;
const words = new Map(
  UNITS.map(([unit]) => [unit, new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" })]),
);

// One cell a unit that still counts: its number over its name.
function drawCountdown(left) {
  const largest = UNITS.findIndex(([, length]) => left >= length);
  const cells = UNITS.slice(largest < 0 ? -1 : largest).map(([unit, length]) => {
    const parts = words.get(unit).formatToParts(Math.floor(left / length));
    left %= length;
    const cell = document.createElement("span");
    const number = document.createElement("strong");
    number.textContent = parts.find((part) => part.type === "integer").value;
    cell.append(number, ` ${parts.find((part) => part.type === "unit").value} `);
    return cell;
  });
  page.replaceChildren(...cells);
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
    drawCountdown(left);
    page.hidden = false;
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
