// Counts down to the opening by the server's clock and loads the page again when it is due.
//
// It reloads only after the server has answered: a reload that fails would leave a browser's error page,
// which tries nothing any more.
//
// The server says how many seconds are left; from then on only time that passed on this device counts,
// so a wrong clock does no harm. Two clocks measure it, and the one that is ahead counts: one stands still
// while a device sleeps, the other follows the device's clock, which may be set back.
const page = document.querySelector("[data-refresh-after]");
const status = document.querySelector("[data-busy]");
const secondsLeft = Number(page.dataset.secondsLeft ?? Infinity);
const refreshAfter = Number(page.dataset.refreshAfter);
const JITTER = 4; // seconds: not everybody at once
const FIRST_PAUSE = 2; // seconds after a try in vain; doubled at each further one
const LONGEST_PAUSE = 30; // seconds
const PATIENCE = 20; // seconds for one answer
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

// Whether the server has a page for us now; a page that says “not found” counts, one that says “busy” does not.
async function isAnswered() {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE * 1000);
  try {
    const address = location.pathname + location.search;
    const asked = { credentials: "same-origin", cache: "no-store", signal: giveUp.signal };
    const answer = await fetch(address, asked);
    return answer.status < 500 && answer.status !== 429;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

let asking = false; // until the next try may begin
let pause = FIRST_PAUSE;
async function reload() {
  if (asking || !navigator.onLine) return; // off line there is nothing to load; the next tick tries again
  asking = true;
  if (await isAnswered()) {
    location.reload();
    return;
  }
  status.textContent = status.dataset.busy;
  setTimeout(() => { asking = false; }, pause * (0.5 + Math.random() / 2) * 1000);
  pause = Math.min(2 * pause, LONGEST_PAUSE);
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
  if (!status.textContent) status.textContent = status.dataset.opening;
}

tick();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
addEventListener("online", tick);
addEventListener("pageshow", (event) => event.persisted && reload()); // back from another page: ask anew
