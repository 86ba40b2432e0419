// Decisions on their way to the station. Each gets its id here, once, and is kept in the tablet until the station has
// answered: after a Wi-Fi gap, a reload or a restart the same decision goes out again under the same id, and the
// station records it at most once. What becomes of it after that is drawn by the page itself.

import { csrf, now, person, refresh } from "./station.js";

const KEPT = "jidoka.outbox";
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 8000;
const ANSWER_WITHIN_MS = 6000;
// A decision about a case names the version it answers and cannot do harm late. One about the whole line could:
// after this time it is sent only by another touch.
const LINE_GOOD_FOR_MS = 20000;

const place = document.getElementById("outbox");
const shown = new Map();

// crypto.randomUUID exists only behind TLS; a tablet on the shop floor may speak plain HTTP.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "[]");
const keep = (entries) => localStorage.setItem(KEPT, JSON.stringify(entries));
const forget = (entry) => keep(kept().filter((other) => other.id !== entry.id));

/** Sends a decision; `title` is what the person calls it. */
export function send(decision, title) {
  const entry = { id: uuid(), by: person, title, at: now(), decision };
  keep([...kept(), entry]);
  deliver(entry, FIRST_WAIT_MS);
}

async function deliver(entry, wait) {
  say(entry, "sending", "Sending…");
  let answer;
  try {
    answer = await fetch(`/api/v1/decisions/${entry.id}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify(entry.decision),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch {
    return later(entry, wait, "The station does not answer.");
  }
  if (answer.ok) {
    forget(entry);
    unsay(entry);
    refresh();
  } else if (answer.status === 401 || answer.status === 403) {
    await refusedOrSignedOut(entry, answer);
  } else if (answer.status === 429 || answer.status >= 500) {
    later(entry, wait, "The station is busy.");
  } else {
    refuse(entry, await words(answer));
  }
}

async function refusedOrSignedOut(entry, answer) {
  const problem = await answer.json().catch(() => ({}));
  if (problem.code === "NOT_ALLOWED") refuse(entry, problem.detail);
  else say(entry, "waiting", "Not sent yet: your session is over. It goes out once you have signed in again.", [["Sign in", () => location.assign("/sign-in?next=" + encodeURIComponent(location.pathname))]]);
}

const words = async (answer) => (await answer.json().catch(() => ({}))).detail ?? `The station refused it (${answer.status}).`;

function later(entry, wait, why) {
  if (isLate(entry)) return ask(entry);
  say(entry, "waiting", `Not sent yet, trying again. ${why}`, [["Do not send", () => drop(entry)]]);
  const again = setTimeout(() => deliver(entry, Math.min(wait * 2, LONGEST_WAIT_MS)), wait);
  shown.get(entry.id).again = again;
}

const isLate = (entry) => !entry.decision.case_id && now() - entry.at > LINE_GOOD_FOR_MS;

function ask(entry) {
  say(entry, "waiting", "Not sent: the station did not answer in time, and the line may be different by now.", [
    ["Send now", () => { entry.at = now(); deliver(entry, FIRST_WAIT_MS); }],
    ["Do not send", () => drop(entry)],
  ]);
}

// It may have arrived although no answer came back, so the page is asked what is so.
function drop(entry) {
  clearTimeout(shown.get(entry.id)?.again);
  forget(entry);
  unsay(entry);
  refresh();
}

function refuse(entry, sentence) {
  forget(entry);
  say(entry, "refused", `Not done. ${sentence}`, [["Look again", () => { unsay(entry); location.reload(); }]]);
}

function say(entry, tone, sentence, buttons = []) {
  const article = shown.get(entry.id)?.article ?? place.appendChild(document.createElement("article"));
  article.className = tone;
  const text = document.createElement("p");
  const title = document.createElement("b");
  title.textContent = entry.title;
  text.append(title, sentence);
  article.replaceChildren(text, ...buttons.map(([label, act]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", act);
    return button;
  }));
  shown.set(entry.id, { article });
}

function unsay(entry) {
  shown.get(entry.id)?.article.remove();
  shown.delete(entry.id);
}

// What an earlier page left unsent goes on; another person's waits for them.
for (const entry of kept().filter((each) => each.by === person)) {
  if (isLate(entry)) ask(entry);
  else deliver(entry, FIRST_WAIT_MS);
}
