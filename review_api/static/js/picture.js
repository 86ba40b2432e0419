// The part's picture under the fingers: pinch and drag, what the model saw laid over it, a good part beside it.

const MOST = 10;

function hold(figure) {
  const glasses = [...figure.querySelectorAll(".stage")].map((stage) => {
    const glass = Panzoom(stage, { minScale: 1, maxScale: MOST, contain: "outside", panOnlyWhenZoomed: true, cursor: "grab" });
    stage.parentElement.addEventListener("wheel", glass.zoomWithWheel, { passive: false });
    return { stage, glass };
  });
  // Both pictures move as one, so that the same place is compared.
  for (const { stage } of glasses) {
    stage.addEventListener("panzoomchange", ({ detail }) => {
      for (const other of glasses) {
        if (other.stage === stage || same(other.glass, detail)) continue;
        other.glass.zoom(detail.scale, { animate: false, silent: true });
        other.glass.pan(detail.x, detail.y, { animate: false, silent: true, force: true });
      }
    });
  }
  const whole = () => glasses.forEach(({ glass }) => glass.reset({ animate: false }));
  figure.querySelector("[data-whole]")?.addEventListener("click", whole);

  const beside = figure.querySelector("[data-beside]");
  beside?.addEventListener("click", () => {
    const good = figure.querySelector(".pane.good");
    good.hidden = !good.hidden;
    beside.setAttribute("aria-pressed", String(!good.hidden));
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

const same = (glass, { x, y, scale }) => glass.getScale() === scale && glass.getPan().x === x && glass.getPan().y === y;

document.querySelectorAll("[data-picture]").forEach(hold);
