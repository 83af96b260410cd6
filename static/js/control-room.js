// Counts down to the opening in the control room, by the database's clock when the page was made. Without
// this, the page says the time left in words.
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const started = performance.now();

function inWords(left) {
  const language = document.documentElement.lang;
  const first = UNITS.findIndex(([, length]) => left >= length);
  const parts = UNITS.slice(first).map(([unit, length]) => {
    const number = Math.floor(left / length);
    left %= length;
    return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(number);
  });
  return parts.join(" ");
}

function tick() {
  for (const instant of document.querySelectorAll(".instant [data-seconds-left]")) {
    const left = Math.ceil(Number(instant.dataset.secondsLeft) - (performance.now() - started) / 1000);
    if (left <= 0) {
      location.reload();
      return;
    }
    instant.textContent = instant.dataset.words.replace("%s", inWords(left));
  }
}

if (document.querySelector(".instant [data-seconds-left]")) setInterval(tick, 1000);
