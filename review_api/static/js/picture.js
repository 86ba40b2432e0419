// The part's picture under the fingers: pinch and drag, what the model saw laid over it, a good part beside it.

const MOST = 10;
const SCROLLS = "pan-y"; // at its whole size a picture lets the page scroll under the finger; enlarged, it moves itself

function hold(figure) {
  const glasses = [...figure.querySelectorAll(".stage")].map((stage) => {
    const glass = Panzoom(stage, { minScale: 1, maxScale: MOST, contain: "outside", panOnlyWhenZoomed: true, cursor: "grab", touchAction: SCROLLS });
    stage.parentElement.addEventListener("wheel", glass.zoomWithWheel, { passive: false });
    return { stage, glass };
  });
  // Both pictures move as one, so that the same place is compared.
  for (const { stage, glass } of glasses) {
    stage.addEventListener("panzoomchange", ({ detail }) => {
      glass.setOptions({ touchAction: detail.scale > 1 ? "none" : SCROLLS });
      for (const other of glasses) {
        if (other.stage === stage || same(other.glass, detail)) continue;
        other.glass.zoom(detail.scale, { animate: false, silent: true });
        other.glass.pan(detail.x, detail.y, { animate: false, silent: true, force: true });
      }
    });
  }
  const panes = figure.querySelector(".panes");
  const whole = () => {
    for (const { glass, stage } of glasses) {
      glass.reset({ animate: false, silent: true });
      glass.setOptions({ touchAction: SCROLLS });
      if (panes.classList.contains("two")) glass.pan(toMark(figure, stage), 0, { animate: false, silent: true, force: true });
    }
  };
  figure.querySelector("[data-whole]")?.addEventListener("click", whole);

  const beside = figure.querySelector("[data-beside]");
  beside?.addEventListener("click", () => {
    const two = panes.classList.toggle("two");
    figure.querySelector(".pane.good").hidden = !two;
    beside.setAttribute("aria-pressed", String(two));
    whole();
  });

  const slider = figure.querySelector("[data-opacity]");
  const dim = () => {
    for (const layer of figure.querySelectorAll("[data-overlay]")) layer.style.opacity = slider.value / 100;
    for (const layer of figure.querySelectorAll("[data-boxes]")) layer.style.opacity = Math.min(1, slider.value / 50);
  };
  slider?.addEventListener("input", dim);
  if (slider) dim();
}

// How far to move the picture, in pixels, so that the first mark is in the middle of its pane.
function toMark(figure, stage) {
  const mark = figure.querySelector(".boxes rect");
  const photo = stage.querySelector(".photo");
  const middle = mark ? (mark.x.baseVal.value + mark.width.baseVal.value / 2) / photo.getAttribute("width") : 0.5;
  const [shown, all] = [stage.parentElement.clientWidth, stage.offsetWidth];
  return Math.min(0, Math.max(shown - all, shown / 2 - middle * all));
}

const same = (glass, { x, y, scale }) => glass.getScale() === scale && glass.getPan().x === x && glass.getPan().y === y;

document.querySelectorAll("[data-picture]").forEach(hold);
