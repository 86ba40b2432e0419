// What nobody may miss, drawn over every page: each decision that is not sent yet or was refused, and how many.
// The words are templates in the page, in the language of the page.

import { clock } from "./station.js";

const UNSENT = ["waiting", "late", "asks", "signed-out", "anothers", "kept"];

const outbox = document.getElementById("outbox");
const list = outbox.querySelector(".outbox-entries");
const shown = new Map();

/** Draws the entries as they are; each has `id`, `title`, `looks` (the name of its template) and what that shows. */
export function draw(entries) {
  for (const [id, { article }] of shown) {
    if (entries.some((entry) => entry.id === id)) continue;
    article.remove();
    shown.delete(id);
  }
  for (const entry of entries) place(entry);
  const count = entries.filter((entry) => UNSENT.includes(entry.looks)).length;
  outbox.querySelector(".outbox-count").hidden = count === 0;
  outbox.querySelector("[data-count]").textContent = count;
  outbox.hidden = entries.length === 0 && outbox.querySelector(".outbox-fleeting").hidden;
}

/** Says that this tablet keeps nothing. */
export function warn() {
  outbox.querySelector(".outbox-fleeting").hidden = false;
  outbox.hidden = false;
}

// What looks as before stays the same element: nothing moves under a finger.
function place(entry) {
  const known = shown.get(entry.id);
  if (known?.looks === entry.looks && known.why === entry.why) return;
  const article = document.getElementById(`outbox-${entry.looks}`).content.firstElementChild.cloneNode(true);
  article.dataset.id = entry.id;
  const words = { title: entry.title, why: entry.why ?? "", by: entry.by, until: clock(entry.until) };
  for (const [name, text] of Object.entries(words)) {
    for (const where of article.querySelectorAll(`[data-${name}]`)) where.textContent = text;
  }
  if (known) known.article.replaceWith(article);
  else list.append(article);
  shown.set(entry.id, { looks: entry.looks, why: entry.why, article });
}

/** Calls with the action and the entry's id when a button is touched. */
export function onTouch(act) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-outbox]");
    if (button) act(button.dataset.outbox, button.closest("article").dataset.id);
  });
}
