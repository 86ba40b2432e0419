// The second touch: a sheet asks why (and what, and to which value), and is complete before it can be confirmed.

import { send } from "./outbox.js";

const MINUS = "−";
const signed = (value, digits) => (value > 0 ? "+" : "") + value.toFixed(digits).replace("-", MINUS);

function open(id) {
  const sheet = document.getElementById(id);
  if (!sheet) return;
  sheet.querySelector("form").reset();
  // What the person looks at while deciding stays as it was when they began: the version they answer is the one they saw.
  sheet.setAttribute("hx-morph-skip", "");
  sheet.showModal();
  update(sheet.querySelector("form"));
}

function close(sheet) {
  sheet.close();
}

function update(form) {
  for (const field of form.querySelectorAll(".adjustable")) {
    const chosen = chosenParameter(form) === field.dataset.parameter;
    field.hidden = field.disabled = !chosen;
    if (chosen) foresee(field);
  }
  form.querySelector("[data-confirm]").disabled = !complete(form);
}

function chosenParameter(form) {
  return new FormData(form).get("parameter") ?? form.querySelector(".adjustable")?.dataset.parameter;
}

function complete(form) {
  const said = new FormData(form);
  if (!said.get("reason") && !said.get("note")?.trim()) return false;
  if (form.querySelector("[name=disposition]") && !said.get("disposition")) return false;
  const field = form.querySelector(".adjustable:not([hidden])");
  if (!field) return true;
  const input = field.querySelector("[name=value]");
  return input.checkValidity() && input.value !== "" && Number(input.value) !== Number(field.dataset.current);
}

// Where the next parts would lie within their limits, before and after.
function foresee(field) {
  const change = Number(field.querySelector("[name=value]").value) - Number(field.dataset.current);
  for (const row of field.querySelectorAll("[data-effect]")) {
    const { gain, mean, scale, lower, upper } = JSON.parse(row.dataset.effect);
    const after = mean + gain * change;
    const digits = Math.max(0, 1 - Math.floor(Math.log10(scale)));
    const place = (value) => `${Math.min(100, Math.max(0, ((value - lower) / (upper - lower)) * 100))}%`;
    row.querySelector(".before").style.left = place(mean);
    row.querySelector(".after").style.left = place(after);
    row.querySelector("output").textContent = `${signed(mean, digits)} → ${signed(after, digits)} ± ${scale.toFixed(digits)}`;
  }
}

function step(button) {
  const input = button.closest(".stepper").querySelector("input");
  const value = Number(input.value) + Number(button.dataset.step);
  input.value = Math.min(Number(input.max), Math.max(Number(input.min), value));
  update(button.form);
}

function decide(form) {
  const said = new FormData(form);
  const reason = [said.get("reason"), said.get("note")?.trim()].filter(Boolean).join(". ");
  const decision = { kind: form.dataset.decision, reason };
  if (said.get("case_id")) {
    decision.case_id = said.get("case_id");
    decision.case_version = Number(said.get("case_version"));
  }
  if (said.get("disposition")) decision.disposition = said.get("disposition");
  if (said.get("value")) {
    decision.parameter = chosenParameter(form);
    decision.value = Number(said.get("value"));
  }
  return send(decision, form.dataset.title, { deadline: form.dataset.deadline });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.opens) open(button.dataset.opens);
  else if (button.dataset.closes !== undefined) close(button.closest("dialog"));
  else if (button.dataset.step) step(button);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-decision]");
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
  await decide(form);
  close(form.closest("dialog"));
});

// `close` does not bubble, so it is caught on its way down.
document.addEventListener("close", (event) => event.target.removeAttribute?.("hx-morph-skip"), true);
