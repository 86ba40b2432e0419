// The second touch: a sheet asks why (and what, and to which value, and who), and is complete before it can be confirmed.

import { send, uuid } from "./outbox.js";
import { csrf } from "./station.js";

const MINUS = "−";
const TRY_AFTER_MS = 250;
const ANSWER_WITHIN_MS = 6000;

const signed = (value, digits) => (value > 0 ? "+" : "") + value.toFixed(digits).replace("-", MINUS);
let trying = null;

function open(id) {
  const sheet = document.getElementById(id);
  if (!sheet) return false;
  const form = sheet.querySelector("form");
  form.reset();
  refuse(form, "");
  // What the person looks at while deciding stays as it was when they began: the version they answer is the one they saw.
  sheet.setAttribute("hx-morph-skip", "");
  sheet.showModal();
  update(form);
  // Whoever decides is on the case: the others see it.
  if (form.dataset.case) document.dispatchEvent(new CustomEvent("jidoka:working", { detail: form.dataset.case }));
  return true;
}

function update(form) {
  for (const field of form.querySelectorAll(".adjustable")) {
    const chosen = chosenParameter(form) === field.dataset.parameter;
    field.hidden = field.disabled = !chosen;
    if (chosen) foresee(form, field);
  }
  const signing = form.querySelector("[data-signed]");
  if (signing) signing.hidden = signing.disabled = !wanted(form, signing.dataset.signed);
  if (form.dataset.decision) propose(form);
  form.querySelector("[data-confirm]").disabled = !complete(form);
}

const disposition = (form) => new FormData(form).get("disposition");
const wanted = (form, when) => when === "always" || (when === "USE_AS_IS" && disposition(form) === when);

function chosenParameter(form) {
  return new FormData(form).get("parameter") ?? form.querySelector(".adjustable")?.dataset.parameter;
}

// Says that two people decide, and calls the button what it then does.
function propose(form) {
  const note = form.querySelector("[data-second]");
  const field = form.querySelector(".adjustable:not([hidden])");
  const alone = field?.dataset.aloneWithin;
  const two = alone === undefined ? wanted(form, note.dataset.second) : Math.abs(change(field)) > Number(alone);
  note.hidden = !two;
  const confirm = form.querySelector("[data-confirm]");
  confirm.dataset.alone ??= confirm.textContent;
  confirm.textContent = two ? confirm.dataset.proposes : confirm.dataset.alone;
}

function complete(form) {
  const said = new FormData(form);
  if (!form.checkValidity()) return false;
  if (form.querySelector("[data-signed]:not([hidden]) [data-secret]") && !said.get("secret")) return false;
  if (!form.dataset.decision) return true;
  if (!said.get("reason_code") && !said.get("reason")?.trim()) return false;
  const field = form.querySelector(".adjustable:not([hidden])");
  return !field || (field.querySelector("[name=value]").value !== "" && change(field) !== 0);
}

const change = (field) => Number(field.querySelector("[name=value]").value) - Number(field.dataset.current);

// Where the next parts would lie within their limits, before and after: at once by what the page knows, then by what
// the station says of it, which also knows what the control plan allows. Nothing is recorded.
function foresee(form, field) {
  for (const row of field.querySelectorAll("[data-effect]")) {
    const known = JSON.parse(row.dataset.effect);
    draw(row, known, known.mean, known.mean + known.gain * change(field), known.scale);
  }
  clearTimeout(trying);
  const note = field.querySelector("[data-tried]");
  note.hidden = true;
  if (change(field) !== 0) trying = setTimeout(() => dryRun(form, field, note), TRY_AFTER_MS);
}

async function dryRun(form, field, note) {
  const value = Number(field.querySelector("[name=value]").value);
  const body = { parameter: field.dataset.parameter, value, case_id: form.dataset.case };
  const answer = await post("/api/v1/adjustments/try", body);
  if (answer === null || value !== Number(field.querySelector("[name=value]").value)) return;
  if (answer.ok) {
    for (const row of field.querySelectorAll("[data-effect]")) {
      const known = JSON.parse(row.dataset.effect);
      const effect = answer.said.effects.find((each) => each.characteristic === known.name);
      if (effect) draw(row, known, effect.mean_before, effect.mean_after, effect.scale);
    }
  }
  note.textContent = answer.ok ? note.dataset.good : answer.said.detail;
  note.classList.toggle("bad", !answer.ok);
  note.hidden = false;
}

function draw(row, { lower, upper }, mean, after, scale) {
  const digits = Math.max(0, 1 - Math.floor(Math.log10(scale)));
  const place = (value) => `${Math.min(100, Math.max(0, ((value - lower) / (upper - lower)) * 100))}%`;
  row.querySelector(".before").style.left = place(mean);
  row.querySelector(".after").style.left = place(after);
  row.querySelector("output").textContent = `${signed(mean, digits)} → ${signed(after, digits)} ± ${scale.toFixed(digits)}`;
}

function step(button) {
  const input = button.closest(".stepper").querySelector("input");
  const value = Number(input.value) + Number(button.dataset.step);
  input.value = Math.min(Number(input.max), Math.max(Number(input.min), value));
  update(button.form);
}

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return { ok: answer.ok, said: await answer.json() };
  } catch {
    return null;
  }
}

function effect(form) {
  const said = new FormData(form);
  const asked = { kind: form.dataset.decision };
  if (form.dataset.case) Object.assign(asked, { case_id: form.dataset.case, case_version: Number(form.dataset.version) });
  if (said.get("disposition")) asked.disposition = said.get("disposition");
  if (said.get("value")) Object.assign(asked, { parameter: chosenParameter(form), value: Number(said.get("value")) });
  return asked;
}

// Signs if it has to be, then hands the decision to the outbox. False: the person was told why not.
async function decide(form) {
  const said = new FormData(form);
  const decision = effect(form);
  const id = uuid();
  if (said.get("secret")) {
    const answer = await post("/api/v1/signatures", { ...decision, decision_id: id, secret: said.get("secret") });
    if (!answer?.ok) return refuse(form, answer?.said.detail ?? form.dataset.unreachable);
    decision.signature = answer.said.signature;
  }
  decision.reason = said.get("reason")?.trim() ?? "";
  if (said.get("reason_code")) decision.reason_code = said.get("reason_code");
  await send(decision, form.dataset.title, { id, deadline: form.dataset.deadline });
  return true;
}

function refuse(form, words) {
  const place = form.querySelector("[role=alert]");
  place.textContent = words;
  place.hidden = !words;
  const secret = form.querySelector("[data-secret]");
  if (secret) secret.value = "";
  return false;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener && open(opener.dataset.opens)) return event.preventDefault();
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.closes !== undefined) button.closest("dialog").close();
  else if (button.dataset.step) step(button);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form.sheet-form");
  if (form) update(form);
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-decision]");
  if (!form) return;
  event.preventDefault();
  const confirm = form.querySelector("[data-confirm]");
  if (!complete(form) || confirm.disabled) return;
  // Once is enough, and the sheet stays until the tablet has the decision for certain.
  confirm.disabled = true;
  if (!(await decide(form))) return update(form);
  const sheet = form.closest("dialog");
  // A sheet that is a page of its own leads back to the page it is about.
  if (sheet) sheet.close();
  else location.assign(form.action.replace(/\/decide$/, ""));
});

// What opens a sheet is a link without scripts and a button with them, so that the space bar has to be told.
document.addEventListener("keydown", (event) => {
  const opener = event.target.closest("a[data-opens]");
  if (!opener || event.key !== " ") return;
  event.preventDefault();
  opener.click();
});

// A key does what its button does, unless somebody types or a sheet is open.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key.toUpperCase())}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// `close` does not bubble, so it is caught on its way down.
document.addEventListener("close", (event) => event.target.removeAttribute?.("hx-morph-skip"), true);
