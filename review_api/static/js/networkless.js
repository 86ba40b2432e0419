// The page for want of a network looks whether the station is back, and then shows what was asked for.

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 15000;

async function look(wait) {
  const answer = await fetch("/livez", { signal: AbortSignal.timeout(FIRST_WAIT_MS) }).catch(() => null);
  if (answer?.ok) location.reload();
  else setTimeout(() => look(Math.min(wait * 1.5, LONGEST_WAIT_MS)), wait);
}

document.querySelector("[data-again]").addEventListener("click", () => location.reload());
addEventListener("online", () => look(FIRST_WAIT_MS));
setTimeout(() => look(FIRST_WAIT_MS), FIRST_WAIT_MS);
