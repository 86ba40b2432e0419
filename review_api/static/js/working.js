// Who is on a case: said by a touch or by beginning to decide, kept alive while the page is open, so that the others see.

import { csrf, refresh } from "./station.js";

const ALIVE_MS = 120000;

async function take(id, method) {
  await fetch(`/api/v1/cases/${id}/take`, { method, headers: { "X-CSRF-Token": csrf() } }).catch(() => null);
}

const mine = () => document.querySelector("form[data-take][data-mine]");

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-take]");
  if (!form) return;
  event.preventDefault();
  await take(form.dataset.take, form.dataset.mine === undefined ? "POST" : "DELETE");
  refresh();
});

// Beginning to decide takes a case that nobody is on; from somebody else it is taken by a touch of its own.
document.addEventListener("jidoka:working", async (event) => {
  if (!document.querySelector("form[data-take][data-free]")) return;
  await take(event.detail, "POST");
  refresh();
});

setInterval(() => { if (mine() && !document.hidden) take(mine().dataset.take, "POST"); }, ALIVE_MS);
