// A shared tablet that nobody touches signs itself out; before it does, it says so.
import { csrf } from "./station.js";

const TELL_EVERY_MS = 60_000;
const WARN_MS = 60_000;

const idle = Number(document.querySelector('meta[name="jidoka"]').dataset.idle) * 1000;
const warning = document.getElementById("idle");
let told = Date.now();

// The station counts from when it was last told, so that the warning comes before, not after.
function touched() {
  if (Date.now() - told < TELL_EVERY_MS) return;
  told = Date.now();
  warning.hidden = true;
  fetch("/api/v1/session/touched", { method: "POST", headers: { "X-CSRF-Token": csrf() } }).catch(() => {});
}

async function look() {
  const left = idle - (Date.now() - told);
  warning.hidden = left > WARN_MS;
  if (left > 0) return;
  // Somebody may work in another tab: only the station knows.
  const answer = await fetch("/api/v1/session").catch(() => null);
  if (answer?.status !== 401) return;
  location.assign(`/sign-in?${new URLSearchParams({ next: location.pathname + location.search })}`);
}

for (const gesture of ["pointerdown", "keydown", "wheel"]) {
  addEventListener(gesture, touched, { capture: true, passive: true });
}
setInterval(look, 5000);
