// Decisions on their way to the station. Each gets its id here, once, and is on this tablet's disk before it is called
// taken: after a Wi-Fi gap, a closed tab or a restart it goes out again under the same id, and the station records it
// at most once. It carries the moment up to which it is meant; later the station refuses it, and the person is asked.

import { Fleeting, place } from "./kept.js";
import { draw, onTouch, warn } from "./notices.js";
import { csrf, now, person, refresh, renewToken } from "./station.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 8000;
const ANSWER_WITHIN_MS = 6000;
const CLAIMED_FOR_MS = ANSWER_WITHIN_MS + 2000;
// A decision about a case names the version it answers and is meant until the case's deadline, or for this long when
// that has passed already. One about the whole line could do harm late.
const CASE_GOOD_FOR_MS = 600000;
const LINE_GOOD_FOR_MS = 20000;

// One tab delivers an entry. A page that follows in the same tab takes over at once what the page before left.
const tab = sessionStorage.getItem("jidoka.tab") ?? uuid();
sessionStorage.setItem("jidoka.tab", tab);

const others = new BroadcastChannel("jidoka.outbox");
const flying = new Set();
let timer = null;
let store = null;
const opened = place().then((found) => { store = found; if (!store.durable) warn(); });

// crypto.randomUUID exists only behind TLS; a tablet on the shop floor may speak plain HTTP.
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * Keeps a decision and begins to send it; resolves to its id once the tablet has it for certain. `title` is what the
 * person calls it, `deadline` the ISO time of the case's. `path` is where it is PUT if not under its own `id`, which a
 * signature may name already.
 */
export async function send(decision, title, { deadline, path, id = uuid() } = {}) {
  const line = !decision.case_id && !path;
  const due = Date.parse(deadline);
  const until = line ? now() + LINE_GOOD_FOR_MS : due > now() ? due : now() + CASE_GOOD_FOR_MS;
  const entry = {
    id, by: person, title, at: now(), until, state: "unsent", tries: 0, next: 0,
    path: path ?? `/api/v1/decisions/${id}`, about: decision.case_id ?? path ?? "line", decision,
  };
  await opened;
  try {
    await store.put(entry);
  } catch {
    // The disk is full: it is sent at once, and the person is told.
    store = new Fleeting(store);
    warn();
    await store.put(entry);
  }
  tell();
  return id;
}

function tell() {
  others.postMessage("changed");
  return look();
}

// Draws what there is, sends what is due, and comes back when the next is.
async function look() {
  clearTimeout(timer);
  await opened;
  const entries = await store.all();
  draw(entries.map(appearance));
  for (const entry of entries) if (isDue(entry) && isFirst(entry, entries)) deliver(entry);
  const mine = entries.filter((entry) => entry.by === person && entry.state === "unsent");
  if (mine.length === 0) return;
  const next = Math.min(...mine.map((entry) => Math.max(entry.next, isOthers(entry) ? entry.claim.until : 0)));
  timer = setTimeout(look, Math.min(LONGEST_WAIT_MS, Math.max(250, next - Date.now())));
}

const isOthers = (entry) => entry.claim && entry.claim.tab !== tab && entry.claim.until > Date.now();

const isDue = (entry) =>
  entry.by === person && entry.state === "unsent" && !flying.has(entry.id) && entry.next <= Date.now() && !isOthers(entry);

// Of two about the same case, or the line, the earlier goes first.
const isFirst = (entry, entries) =>
  !entries.some((other) => other.about === entry.about && other.by === person && other.state === "unsent" && other.at < entry.at);

function appearance(entry) {
  return { ...entry, looks: looks(entry) };
}

function looks(entry) {
  if (entry.state !== "unsent") return entry.state;
  if (person === "") return "kept";
  if (entry.by !== person) return "anothers";
  if (entry.withdrawn) return "withdrawn";
  if (entry.signedOut) return "signed-out";
  if (entry.tries < 2 && entry.next <= Date.now()) return "sending";
  return now() > entry.until ? "late" : "waiting";
}

async function deliver(entry) {
  flying.add(entry.id);
  const claimed = await store.change(entry.id, (found) =>
    found.state === "unsent" && !isOthers(found)
      ? { ...found, tries: found.tries + 1, claim: { tab, until: Date.now() + CLAIMED_FOR_MS } }
      : null);
  if (claimed) await settle(claimed, await ask(claimed));
  flying.delete(entry.id);
  if (claimed) await tell();
}

/** What the station says: `taken`, a `refused` with its sentence, `late`, `signedOut`; null for no answer of its own. */
async function ask(entry, renewed = false) {
  // Taken back: asked for with its time over, the station says whether it has it and takes nothing.
  const until = entry.withdrawn ? 0 : entry.until;
  const body = { ...entry.decision, good_until: new Date(until).toISOString() };
  let status, answer;
  try {
    const response = await fetch(entry.path, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
      body: JSON.stringify(body),
      // It goes on when the person turns the page or closes the tab.
      keepalive: true,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    status = response.status;
    answer = await response.json();
    if (answer.code === "CSRF" && !renewed && await renewToken()) return ask(entry, true);
  } catch {
    // Nobody answered in time, the answer was cut, or it is no answer of the station's.
    return null;
  }
  if (status === 200 || status === 201) return answer.id ? { taken: true } : null;
  if (answer.code === "NOT_SIGNED_IN" || answer.code === "CSRF") return { signedOut: true };
  if (status === 429 || status >= 500 || !answer.code) return null;
  if (answer.code === "LATE") return { late: true };
  return { refused: answer.detail };
}

async function settle(entry, said) {
  const change = (differently) => store.change(entry.id, (found) => ({ ...found, claim: null, ...differently }));
  if (said?.taken) {
    await (entry.withdrawn ? change({ state: "taken" }) : store.remove(entry.id));
    refresh();
  } else if (said?.late) {
    // Whatever of it is still on its way comes after its time too, so that nothing of it can be taken any more.
    if (!entry.withdrawn) await change({ state: "asks" });
    else if (now() > entry.until) await store.remove(entry.id);
    else await change({ next: Date.now() + LONGEST_WAIT_MS });
  } else if (said?.refused) {
    await change({ state: "refused", why: said.refused });
    refresh();
  } else {
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (entry.tries - 1), LONGEST_WAIT_MS);
    await change({ next: Date.now() + wait * (0.75 + Math.random() / 2), signedOut: said?.signedOut });
  }
}

const touches = {
  // It may have arrived although no answer came back, so the station is asked before it is called not taken.
  withdraw: (id) => store.change(id, (entry) => ({ ...entry, withdrawn: true, next: 0 })),
  again: (id) => store.change(id, (entry) => ({
    ...entry, state: "unsent", tries: 0, next: 0, signedOut: false,
    until: now() + (entry.about === "line" ? LINE_GOOD_FOR_MS : CASE_GOOD_FOR_MS),
  })),
  forget: (id) => store.remove(id),
  look: async (id) => { await store.remove(id); location.reload(); },
  "sign-in": async () => location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`),
};

onTouch(async (action, id) => { await touches[action](id); await tell(); });

// The network is back: whatever waits need not wait any longer.
async function hurry() {
  await opened;
  for (const entry of await store.all()) {
    if (entry.state === "unsent" && entry.by === person) await store.change(entry.id, (found) => ({ ...found, next: 0 }));
  }
  look();
}

others.addEventListener("message", look);
addEventListener("online", hurry);
document.body.addEventListener("jidoka:linked", hurry);
// A page that the browser had laid aside wakes up.
addEventListener("pageshow", (event) => { if (event.persisted) look(); });
look();
