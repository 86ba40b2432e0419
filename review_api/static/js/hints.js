// Three short hints on a person's first visit to the demonstration: what to look at, what to do.

import { csrf } from "./station.js";

const STEP = "jidoka.hint";
const aside = document.getElementById("hints");
const hints = [...aside.querySelectorAll("li")];
// Who has opened a case by themselves needs only what is said of deciding.
let at = document.querySelector(".actions") ? hints.length - 1 : Number(sessionStorage.getItem(STEP) ?? 0);

function point(selectors) {
  document.querySelectorAll(".pointed").forEach((each) => each.classList.remove("pointed"));
  const first = selectors?.split(",").map((each) => document.querySelector(each.trim())).find(Boolean);
  first?.classList.add("pointed");
}

function show() {
  if (at >= hints.length) return end();
  sessionStorage.setItem(STEP, at);
  hints.forEach((hint, i) => { hint.hidden = i !== at; });
  aside.querySelector(".hints-count").textContent = aside.dataset.count.replace("{at}", at + 1).replace("{all}", hints.length);
  aside.querySelector("[data-hints=next]").textContent = at + 1 < hints.length ? aside.dataset.next : aside.dataset.begin;
  aside.hidden = false;
  point(hints[at].dataset.points);
}

function end() {
  aside.hidden = true;
  point();
  fetch("/hints/seen", { method: "POST", headers: { "X-CSRF-Token": csrf() } });
}

aside.querySelector("[data-hints=next]").addEventListener("click", () => { at += 1; show(); });
aside.querySelector("[data-hints=end]").addEventListener("click", end);
// A refresh of the page morphs the marks away.
document.addEventListener("htmx:after:swap", () => { if (!aside.hidden) point(hints[at]?.dataset.points); });
show();
