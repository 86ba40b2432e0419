// Finding a part without typing: a scanner that types like a keyboard works anywhere on the page, and the tablet's
// camera where the browser reads codes.

const BETWEEN_KEYS_MS = 60; // a scanner types a key every few milliseconds, a person none faster than this
const LOOK_EVERY_MS = 150;

const form = document.querySelector("#find");
const field = document.querySelector("#serial");
const says = document.querySelector("#scan-says");
const opener = document.querySelector("#scan-open");
const figure = document.querySelector("#scan");
const video = figure.querySelector("video");

function find(serial) {
  field.value = serial;
  form.requestSubmit();
}

// What comes in a burst and ends with Enter is a scan, and replaces whatever stood in the field.
let burst = "";
let last = -Infinity;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const quick = event.timeStamp - last < BETWEEN_KEYS_MS;
  if (event.key === "Enter") {
    if (!quick || burst.length < 3) return;
    event.preventDefault();
    find(burst);
  } else if (event.key.length === 1) {
    burst = quick ? burst + event.key : event.key;
    last = event.timeStamp;
    if (document.activeElement === field || event.target.closest("input, select, textarea, video")) return;
    if (event.key === " ") return; // it scrolls, and touches buttons
    field.value = "";
    field.focus(); // so that the key itself is typed there
  }
});

let stream = null;
let looking = null;

function close() {
  clearInterval(looking);
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  figure.hidden = true;
  says.textContent = "";
}

async function open() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    says.textContent = says.dataset.refused;
    return;
  }
  video.srcObject = stream;
  figure.hidden = false;
  says.textContent = says.dataset.looking;
  await video.play();
  const detector = new BarcodeDetector();
  looking = setInterval(async () => {
    const [code] = await detector.detect(video).catch(() => []); // no frame yet
    if (!code || stream === null) return;
    close();
    find(code.rawValue);
  }, LOOK_EVERY_MS);
}

if (!navigator.mediaDevices) says.textContent = says.dataset.insecure;
else if (!("BarcodeDetector" in window)) says.textContent = says.dataset.missing;
else {
  opener.hidden = false;
  opener.addEventListener("click", open);
  figure.querySelector("button").addEventListener("click", close);
  addEventListener("pagehide", close);
}
