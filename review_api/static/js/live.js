// Keeps the page true without a reload: the server's events ask htmx to fetch and morph what changed, countdowns tick
// by themselves, and the live picture shows the newest frame only. A page that is not true any more says since when.

import { clock, hear, kept, now, refresh, told } from "./station.js";

const TOPICS = ["line", "part", "cases", "alarms"];
// What a person waits for is shown at once; what changes all the time, once a second.
const URGENT = ["cases", "alarms", "now"];
const URGENT_APART_MS = 150;
const APART_MS = 1000;
const PICTURE_MS = 500;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15000;
const SOON_MS = 60000;
// The station's beat comes every 5 s; without two of them the link is dead, whatever the browser believes.
const SILENT_MS = 12000;
const TOUCH_MS = 2000;

const notice = document.getElementById("link");
const due = new Set();
let lineTold = "";
let passing = null;
let passedAt = 0;
let source = null;
let last = told;
let heardAt = Date.now();
let wait = FIRST_WAIT_MS;
let again = null;
let trueAt = Number.isNaN(kept) ? now() : kept;
let isTrue = Number.isNaN(kept);

// Several events in a moment cost one fetch; the last one is never lost.
function pass() {
  clearTimeout(passing);
  passing = null;
  if (document.hidden || due.size === 0) return;
  // The page names the topics it is about; however many of them changed, it is fetched once.
  const wanted = document.getElementById("page").getAttribute("hx-trigger");
  const isAbout = [...due].some((topic) => wanted.includes(`jidoka:${topic} `));
  due.clear();
  if (!isAbout) return;
  passedAt = Date.now();
  refresh();
}

function changed(topic) {
  due.add(topic);
  const isUrgent = URGENT.includes(topic);
  if (passing && !isUrgent) return;
  clearTimeout(passing);
  passing = setTimeout(pass, passedAt + (isUrgent ? URGENT_APART_MS : APART_MS) - Date.now());
}

const isLinked = () => source?.readyState === EventSource.OPEN;

function old() {
  isTrue = false;
  document.body.dataset.link = "lost";
  notice.querySelector("[data-since]").textContent = clock(trueAt);
  notice.hidden = false;
}

function renewed() {
  trueAt = now();
  if (!isLinked()) return;
  isTrue = true;
  document.body.dataset.link = "live";
  notice.hidden = true;
}

function listen() {
  clearTimeout(again);
  source?.close();
  heardAt = Date.now();
  source = new EventSource(`/api/v1/events?last_event_id=${encodeURIComponent(last)}`);
  source.addEventListener("open", linked);
  source.addEventListener("error", lost);
  source.addEventListener("beat", (event) => {
    hear(Date.parse(JSON.parse(event.data)));
    heard(event);
    // An edge process that shows nothing any more raises no event; the page finds out by asking.
    changed("line");
  });
  for (const topic of TOPICS) {
    source.addEventListener(topic, (event) => {
      heard(event);
      if (isNews(topic, event.data)) changed(topic);
    });
  }
}

// The line is shown twice a second. What always differs is drawn with the next part, or the next beat.
function isNews(topic, data) {
  if (topic !== "line") return true;
  const { at, shown_at, readings, latency_ms, drift, ...rest } = JSON.parse(data) ?? {};
  const told = JSON.stringify(rest);
  const differs = told !== lineTold;
  lineTold = told;
  return differs;
}

function heard(event) {
  heardAt = Date.now();
  if (event.lastEventId) last = event.lastEventId;
  if (isTrue) trueAt = now();
}

function linked() {
  wait = FIRST_WAIT_MS;
  heardAt = Date.now();
  // A page from the tablet's own store has an old head too, so it is fetched as a whole, but not from under a sheet.
  if (!Number.isNaN(kept) && !document.querySelector("dialog[open]")) return location.reload();
  document.body.dispatchEvent(new CustomEvent("jidoka:linked"));
  if (isTrue) document.body.dataset.link = "live";
  else refresh();
}

function lost() {
  source.close();
  old();
  clearTimeout(again);
  again = setTimeout(listen, wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  leaveIfSignedOut();
}

// A session that is over ends the stream too, and the browser does not say why. Whoever is deciding is not taken away:
// the outbox says what it waits for, and leads to the sign-in itself.
async function leaveIfSignedOut() {
  const answer = await fetch("/api/v1/session", { signal: AbortSignal.timeout(SILENT_MS) }).catch(() => null);
  if (answer?.status !== 401) return;
  // A touch on its way is let arrive first; until then the page says that it is not live.
  setTimeout(() => {
    if (document.querySelector("dialog[open], #outbox article")) return;
    location.assign("/sign-in?next=" + encodeURIComponent(location.pathname + location.search));
  }, TOUCH_MS);
}

// A tablet that slept, or a network that swallows everything, raises no error.
function watch() {
  if (document.hidden || Date.now() - heardAt < SILENT_MS) return;
  if (source.readyState === EventSource.CLOSED) return;
  old();
  listen();
}

function wake() {
  if (document.hidden) return;
  if (Date.now() - heardAt > SILENT_MS) { old(); listen(); }
  pass();
}

const isPages = (event) => event.detail.ctx?.sourceElement?.id === "page";

function failed(event) {
  if (!isPages(event)) return;
  old();
  leaveIfSignedOut();
  setTimeout(() => changed("now"), APART_MS * 3);
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
    const text = left >= 0 ? span(left) : notice.dataset.overdue.replace("{span}", span(left));
    if (time.textContent !== text) time.textContent = text;
    const shown = time.closest(".deadline");
    shown?.classList.toggle("overdue", left < 0);
    shown?.classList.toggle("soon", left >= 0 && left < SOON_MS);
  }
}

// The newest frame only, and over the wire only when it is another one.
async function show(img) {
  if (!img.isConnected) return;
  if (!document.hidden && isTrue) await picture(img);
  setTimeout(() => show(img), PICTURE_MS);
}

async function picture(img) {
  const answer = await fetch(img.dataset.live, { cache: "no-cache", signal: AbortSignal.timeout(SILENT_MS) }).catch(() => null);
  if (!answer?.ok || answer.headers.get("ETag") === img.dataset.shown) return;
  const before = img.src;
  img.src = URL.createObjectURL(await answer.blob());
  img.dataset.shown = answer.headers.get("ETag");
  URL.revokeObjectURL(before);
}

document.addEventListener("visibilitychange", wake);
// A page that the browser had laid aside comes back without its link.
addEventListener("pageshow", (event) => { if (event.persisted) { old(); listen(); } });
addEventListener("online", () => { if (!isLinked()) listen(); });
addEventListener("pagehide", () => source.close());
document.addEventListener("htmx:after:swap", (event) => { if (isPages(event)) renewed(); tick(); });
document.addEventListener("htmx:error", failed);
document.addEventListener("htmx:response:error", failed);
setInterval(tick, 250);
setInterval(watch, APART_MS);
// The events tell of cases, not of each step of a decision; while one travels, the page asks.
setInterval(() => { if (document.querySelector(".journey.travelling")) changed("now"); }, APART_MS);
tick();
if (!isTrue) old();
listen();
addEventListener("load", () => document.querySelectorAll("img[data-live]").forEach(show));
