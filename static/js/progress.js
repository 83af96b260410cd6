// Follows a job that runs on the server, and shows the page anew when it has ended. The job does not need
// this page: closing it changes nothing. Asking so (“X-Background”) does not keep the session alive.
const BETWEEN = 1000; // milliseconds
const bar = document.querySelector("progress[data-address]");
const words = document.getElementById(bar.getAttribute("aria-describedby"));

async function ask() {
  try {
    const answer = await fetch(bar.dataset.address, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      headers: { "X-Background": "yes" },
    });
    if (answer.type === "opaqueredirect") return location.reload(); // signed out
    const job = await answer.json();
    if (!job.is_running) return location.reload();
    if (job.percent === null) bar.removeAttribute("value");
    else bar.value = job.percent;
    if (words.textContent !== job.words) words.textContent = job.words;
  } catch {
    // The server does not answer now; the job goes on.
  }
  setTimeout(ask, BETWEEN);
}

setTimeout(ask, BETWEEN);
