// The part's picture under the fingers: pinch and drag, or buttons and taps; what the model saw laid over it, and a good
// part or an earlier case beside it.

const MOST = 10;
const STEP = 1.6;
const SCROLLS = "pan-y"; // at its whole size a picture lets the page scroll under the finger; enlarged, it moves itself

function hold(figure) {
  const panes = figure.querySelector(".panes");
  const other = figure.querySelector(".pane.beside");
  let glasses = [];

  const glass = (stage) => {
    const made = Panzoom(stage, { minScale: 1, maxScale: MOST, contain: "outside", panOnlyWhenZoomed: true, cursor: "grab", touchAction: SCROLLS });
    stage.parentElement.addEventListener("wheel", made.zoomWithWheel, { passive: false });
    // All pictures move as one, so that the same place is compared.
    stage.addEventListener("panzoomchange", ({ detail }) => {
      made.setOptions({ touchAction: detail.scale > 1 ? "none" : SCROLLS });
      for (const each of glasses) if (each !== made && !same(each, detail)) follow(each, detail);
    });
    stage.addEventListener("click", (event) => centre(made, stage, event));
    return made;
  };
  glasses = [...figure.querySelectorAll(".stage")].map(glass);

  const whole = () => {
    for (const each of glasses) each.reset({ animate: false, silent: true });
    if (panes.classList.contains("two")) glasses[0].pan(toMark(figure), 0, { animate: false, force: true });
  };
  figure.querySelector("[data-whole]")?.addEventListener("click", whole);
  for (const button of figure.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      const scale = glasses[0].getScale() * (button.dataset.zoom === "1" ? STEP : 1 / STEP);
      glasses[0].zoom(Math.max(1, scale), { animate: true });
    });
  }

  // Puts beside what the button names, or takes it away again.
  const show = (button) => {
    const template = document.getElementById(button.dataset.beside);
    const already = button.getAttribute("aria-pressed") === "true";
    for (const each of document.querySelectorAll("[data-beside]")) each.setAttribute("aria-pressed", String(each === button && !already));
    panes.classList.toggle("two", !already);
    other.hidden = already;
    if (!already) {
      other.querySelector(".stage").replaceChildren(template.content.cloneNode(true));
      other.querySelector(".pane-name").replaceChildren(named(template.dataset));
      lay();
    }
    whole();
  };

  const slider = figure.querySelector("[data-opacity]");
  const toggle = figure.querySelector("[data-lay]");
  const lay = () => {
    const shown = !toggle || toggle.getAttribute("aria-pressed") === "true";
    for (const layer of figure.querySelectorAll("[data-overlay]")) layer.style.opacity = shown ? slider.value / 100 : 0;
    for (const layer of figure.querySelectorAll("[data-boxes]")) layer.style.opacity = shown ? Math.min(1, slider.value / 50) : 0;
  };
  toggle?.addEventListener("click", () => {
    toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
    lay();
  });
  slider?.addEventListener("input", () => { toggle?.setAttribute("aria-pressed", "true"); lay(); });
  if (slider) lay();

  // A refresh of the page makes new buttons for earlier cases; they are found when touched.
  return { figure, show };
}

function named({ name, href }) {
  if (!href) return document.createTextNode(name);
  const link = document.createElement("a");
  link.href = href;
  link.textContent = name;
  return link;
}

const same = (glass, { x, y, scale }) => glass.getScale() === scale && glass.getPan().x === x && glass.getPan().y === y;

function follow(glass, { x, y, scale }) {
  glass.zoom(scale, { animate: false, silent: true });
  glass.pan(x, y, { animate: false, silent: true, force: true });
}

// A tap on an enlarged picture brings that place to the middle: what dragging does, without dragging.
let pressed = null;
document.addEventListener("pointerdown", (event) => { pressed = { x: event.clientX, y: event.clientY }; }, true);

function centre(glass, stage, event) {
  const scale = glass.getScale();
  if (scale === 1 || !pressed || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 8) return;
  const pane = stage.parentElement.getBoundingClientRect();
  const { x, y } = glass.getPan();
  glass.pan(
    x + (pane.left + pane.width / 2 - event.clientX) / scale,
    y + (pane.top + pane.height / 2 - event.clientY) / scale,
    { animate: true },
  );
}

// How far to move the picture, in pixels, so that the first mark is in the middle of its pane.
function toMark(figure) {
  const mark = figure.querySelector(".boxes rect");
  const stage = figure.querySelector(".stage");
  const photo = stage.querySelector(".photo");
  const middle = mark ? (mark.x.baseVal.value + mark.width.baseVal.value / 2) / photo.getAttribute("width") : 0.5;
  const [shown, all] = [stage.parentElement.clientWidth, stage.offsetWidth];
  return Math.min(0, Math.max(shown - all, shown / 2 - middle * all));
}

const held = [...document.querySelectorAll("[data-picture]")].map(hold);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-beside]");
  if (!button || held.length === 0) return;
  const { show } = held.find(({ figure }) => figure.contains(button)) ?? held[0];
  show(button);
});
