// <jidoka-control-chart data-chart="JSON">: a control chart in two tracks, where the process lies and how far it spreads.
// Points that break a rule are ringed and named, what happened meanwhile stands as a vertical line, and a touched point
// says which part it is. Without this script the page's own drawing stays.

const TAP_MS = 500;

class ControlChart extends HTMLElement {
  static observedAttributes = ["data-chart"];

  connectedCallback() {
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.draw = this.draw.bind(this);
    this.dark.addEventListener("change", this.draw);
    this.resized = new ResizeObserver(() => this.fit());
    this.draw();
    this.resized.observe(this);
  }

  disconnectedCallback() {
    this.dark.removeEventListener("change", this.draw);
    this.resized.disconnect();
    this.clear();
  }

  attributeChangedCallback(name, before, after) {
    if (this.isConnected && before !== null && before !== after) this.draw();
  }

  clear() {
    for (const plot of this.plots ?? []) plot.destroy();
    this.plots = [];
  }

  draw() {
    this.clear();
    this.content = JSON.parse(this.dataset.chart);
    this.replaceChildren(
      ...this.content.tracks.flatMap((track, i) => {
        const title = document.createElement("p");
        title.className = "spc-track-title";
        title.textContent = track.title;
        const place = document.createElement("div");
        place.className = i === 0 ? "spc-track" : "spc-track low";
        place.setAttribute("role", "img");
        place.setAttribute("aria-label", track.title);
        return [title, place];
      }),
    );
    const places = this.querySelectorAll(".spc-track");
    this.plots = this.content.tracks.map((track, i) => {
      const plot = new uPlot(options(this, this.content, track, places[i]), [positions(track), track.values], places[i]);
      tapped(plot, (index) => this.tell(index));
      return plot;
    });
  }

  fit() {
    for (const plot of this.plots) {
      const { clientWidth: width, clientHeight: height } = plot.root.parentElement;
      if (width && (width !== plot.width || height !== plot.height)) plot.setSize({ width, height });
    }
  }

  tell(index) {
    const readout = this.parentElement.querySelector(".spc-readout");
    const link = readout.querySelector("a");
    link.href = this.content.links[index];
    link.textContent = this.content.says[index];
    link.hidden = false;
    readout.querySelector("span").textContent = this.content.marks.filter(({ at }) => Math.ceil(at) === index).map(({ says }) => says).join(" · ");
  }
}

const positions = (track) => track.values.map((_, i) => i);

function options(element, content, track, place) {
  const css = getComputedStyle(element);
  const colour = (name) => css.getPropertyValue(`--${name}`).trim();
  const font = `12px ${css.fontFamily}`;
  const axis = { font, stroke: colour("soft"), grid: { show: false }, ticks: { show: false } };
  return {
    width: place.clientWidth || 600,
    height: place.clientHeight,
    padding: [14, 12, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: false, range: (_, low, high) => [low - 0.5, high + 0.5] }, y: { range: (_, low, high) => around(track, low, high) } },
    axes: [
      { ...axis, size: 20, gap: 2, space: 80, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500], values: (_, at) => at.map((i) => content.labels[i] ?? "") },
      { ...axis, size: 64, gap: 6, splits: () => [track.lower, track.centre, track.upper], values: () => track.lines },
    ],
    series: [{}, { stroke: colour("ink"), width: 1.5, points: { show: true, size: 6, width: 0, fill: colour("ink") } }],
    hooks: {
      drawClear: [(plot) => lines(plot, content, track, colour)],
      draw: [(plot) => rings(plot, track, colour, font)],
    },
  };
}

function around(track, low, high) {
  const [least, most] = [Math.min(low, track.lower), Math.max(high, track.upper)];
  const room = (most - least || 1) * 0.08;
  return [least - room, most + room];
}

function lines(plot, content, track, colour) {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const px = devicePixelRatio;
  const across = (value, stroke, dash) => line(ctx, left, plot.valToPos(value, "y", true), left + width, null, stroke, dash);
  ctx.save();
  ctx.lineWidth = 1.5 * px;
  across(track.centre, colour("soft"), []);
  across(track.lower, colour("settled"), [7 * px, 4 * px]);
  across(track.upper, colour("settled"), [7 * px, 4 * px]);
  for (const { at } of content.marks) {
    const x = plot.valToPos(at, "x", true);
    line(ctx, x, top, null, top + height, colour("act"), [2 * px, 3 * px]);
  }
  ctx.restore();
}

function line(ctx, x, y, toX, toY, stroke, dash) {
  ctx.strokeStyle = stroke;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX ?? x, toY ?? y);
  ctx.stroke();
}

// A signal is named at its last point, unless another name stands there: the newest names go first.
function rings(plot, track, colour, font) {
  const { ctx } = plot;
  const px = devicePixelRatio;
  const placed = [];
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("alarm");
  ctx.lineWidth = 2 * px;
  ctx.font = font.replace(/^\d+px/, `600 ${12 * px}px`);
  ctx.textAlign = "center";
  for (let i = track.values.length - 1; i >= 0; i -= 1) {
    if (!track.rules[i] || track.values[i] === null) continue;
    const x = plot.valToPos(i, "x", true);
    const y = plot.valToPos(track.values[i], "y", true);
    ctx.beginPath();
    ctx.arc(x, y, 6 * px, 0, 2 * Math.PI);
    ctx.stroke();
    if (track.names[i]) name(ctx, track.names[i], x, y + (track.values[i] >= track.centre ? -10 : 20) * px, placed, plot.bbox, px);
  }
  ctx.restore();
}

function name(ctx, text, x, y, placed, { left, width }, px) {
  const half = ctx.measureText(text).width / 2;
  const middle = Math.min(Math.max(x, left + half), left + width - half);
  if (placed.some((other) => Math.abs(other.x - middle) < other.half + half + 4 * px && Math.abs(other.y - y) < 13 * px)) return;
  placed.push({ x: middle, y, half });
  ctx.fillText(text, middle, y);
}

function tapped(plot, tell) {
  let since = 0;
  plot.over.addEventListener("pointerdown", () => { since = performance.now(); });
  plot.over.addEventListener("pointerup", (event) => {
    if (performance.now() - since > TAP_MS) return;
    const { left } = plot.over.getBoundingClientRect();
    const index = Math.round(plot.posToVal(event.clientX - left, "x"));
    if (index >= 0 && index < plot.data[0].length) tell(index);
  });
}

customElements.define("jidoka-control-chart", ControlChart);

// What is chosen is shown at once; the button is for browsers without scripts.
const form = document.querySelector("#spc-form");
form.querySelector(".spc-show").hidden = true;
form.addEventListener("change", () => form.requestSubmit());
