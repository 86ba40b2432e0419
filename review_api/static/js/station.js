// What every script needs to know of the page: who is signed in, the session's token, the station's time.

const AHEAD = "jidoka.ahead";
const CLOCK_WAS_SET_MS = 5000;

const meta = document.querySelector('meta[name="jidoka"]');

export const person = meta.dataset.person;
/** The number of the last event that this page knows of. */
export const told = meta.dataset.told;
/** When the tablet kept this page (ms since 1970 by its own clock), or NaN: then it comes from the station. */
export const kept = Date.parse(document.documentElement.dataset.kept);

let token = meta.dataset.csrf;
/** The session's token, as it is now. */
export const csrf = () => token;

// The tablet's own clock may be wrong. What is ahead was measured when a page came, or a beat; both were on their way
// for a while, so that the largest is the truest, until a clock is set.
let ahead = Number.isNaN(kept) ? Date.parse(meta.dataset.now) - Date.now() : Number(localStorage.getItem(AHEAD) ?? 0);
localStorage.setItem(AHEAD, ahead);

/** The station's time in ms since 1970. */
export const now = () => Date.now() + ahead;

/** Takes the station's word for what time it is. */
export function hear(time) {
  const seen = time - Date.now();
  if (seen <= ahead && ahead - seen < CLOCK_WAS_SET_MS) return;
  ahead = seen;
  localStorage.setItem(AHEAD, ahead);
}

/** The session's new token, if its person is still who this page was made for; otherwise false. */
export async function renewToken() {
  const answer = await fetch("/api/v1/session", { signal: AbortSignal.timeout(6000) });
  if (!answer.ok) return false;
  const session = await answer.json();
  if (session.name !== person) return false;
  token = session.csrf;
  return true;
}

/** A time of day at the plant. */
export const clock = (time) =>
  new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: meta.dataset.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).format(time);

/** Asks the page to show what is now. */
export const refresh = () => document.body.dispatchEvent(new CustomEvent("jidoka:now"));
