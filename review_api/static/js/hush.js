// The sound when an answer is overdue: three tones when it becomes so, and again every half minute until somebody
// silences it or answers. A browser sounds only after the first touch of the page.

const AGAIN_MS = 30000;
const HUSHED = "jidoka.hushed";
const TONES = [880, 660, 880];

let audio = null;
let sounded = 0;
const hushed = new Set(JSON.parse(sessionStorage.getItem(HUSHED) ?? "[]"));

const overdue = () => [...document.querySelectorAll("[data-overdue-cases]")].flatMap((each) => each.dataset.overdueCases.split(" ")).filter(Boolean);
const loud = () => overdue().filter((id) => !hushed.has(id));

function play() {
  TONES.forEach((pitch, i) => {
    const at = audio.currentTime + i * 0.28;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.24);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.25);
  });
}

function listen() {
  const wanted = loud().length > 0;
  for (const button of document.querySelectorAll("[data-hush]")) button.hidden = !wanted;
  if (!wanted || audio?.state !== "running" || Date.now() - sounded < AGAIN_MS) return;
  sounded = Date.now();
  document.body.dataset.sounded = String(Number(document.body.dataset.sounded ?? 0) + 1);
  play();
}

document.addEventListener("pointerdown", () => {
  audio ??= new AudioContext();
  audio.resume().then(listen);
}, { once: true });

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-hush]")) return;
  overdue().forEach((id) => hushed.add(id));
  sessionStorage.setItem(HUSHED, JSON.stringify([...hushed]));
  listen();
});

document.addEventListener("htmx:after:swap", listen);
setInterval(listen, 1000);
listen();
