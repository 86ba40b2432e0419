// What every script needs to know of the page: who is signed in, the session's token, the station's time.

const meta = document.querySelector('meta[name="jidoka"]');

export const csrf = meta.dataset.csrf;
export const person = meta.dataset.person;

const ahead = Date.parse(meta.dataset.now) - Date.now();

/** The station's time in ms since 1970: a tablet's own clock may be wrong. */
export const now = () => Date.now() + ahead;

/** Asks the page to show what is now. */
export const refresh = () => document.body.dispatchEvent(new CustomEvent("jidoka:now"));
