// Keeps the page true without a reload: the server's events ask htmx to fetch and morph what changed, countdowns tick
// by themselves, and the live picture shows the newest frame only.

import { now, refresh } from "./station.js";

const TOPICS = ["line", "part", "cases", "alarms"];
const APART_MS = 1000;
const PICTURE_MS = 400;
const LONGEST_WAIT_MS = 10000;
const SOON_MS = 60000;

const due = new Set();
let resting = null;

// Several events in a moment cost one fetch; the last one is never lost.
function pass() {
  resting = null;
  if (document.hidden || due.size === 0) return;
  for (const topic of due) document.body.dispatchEvent(new CustomEvent(`jidoka:${topic}`));
  due.clear();
  resting = setTimeout(pass, APART_MS);
}

function changed(topic) {
  due.add(topic);
  resting ??= setTimeout(pass, 0);
}

function listen(wait) {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => {
    if (document.body.dataset.link === "lost") refresh();
    document.body.dataset.link = "live";
    wait = 1000;
  });
  source.addEventListener("error", () => {
    document.body.dataset.link = "lost";
    if (source.readyState !== EventSource.CLOSED) return;
    // The browser gives up after an answer that is no stream, for example when the session is over.
    setTimeout(() => { refresh(); listen(Math.min(wait * 2, LONGEST_WAIT_MS)); }, wait);
  });
  for (const topic of TOPICS) source.addEventListener(topic, () => changed(topic));
  addEventListener("pagehide", () => source.close(), { once: true });
}

function span(ms) {
  const left = Math.round(Math.abs(ms) / 1000);
  const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

function tick() {
  for (const time of document.querySelectorAll("time[data-deadline]")) {
    const left = Date.parse(time.dataset.deadline) - now();
    const text = left >= 0 ? span(left) : `overdue ${span(left)}`;
    if (time.textContent !== text) time.textContent = text;
    const shown = time.closest(".deadline");
    shown?.classList.toggle("overdue", left < 0);
    shown?.classList.toggle("soon", left >= 0 && left < SOON_MS);
  }
}

function picture(img) {
  const next = new Image();
  next.addEventListener("load", () => { img.src = next.src; setTimeout(() => show(img), PICTURE_MS); });
  next.addEventListener("error", () => setTimeout(() => show(img), PICTURE_MS * 5));
  next.src = `${img.dataset.live}?at=${Date.now()}`;
}

function show(img) {
  if (!img.isConnected) return;
  if (document.hidden) setTimeout(() => show(img), PICTURE_MS);
  else picture(img);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) pass(); });
document.addEventListener("htmx:after:swap", tick);
setInterval(tick, 250);
// The events tell of cases, not of each step of a decision; while one travels, the page asks.
setInterval(() => { if (document.querySelector(".journey.travelling")) changed("now"); }, APART_MS);
tick();
listen(1000);
document.querySelectorAll("img[data-live]").forEach(show);
