// <jidoka-chart data-chart="JSON">: one characteristic over the last parts. The tolerance band, the forecast's mean and
// 90 % interval, what was measured, and a ring around the part the page is about. New data redraws in place.

const NEXT_WIDTH = 6; // parts
const OUTSIDE = 0.35; // share of the band's width shown beyond each limit

class Chart extends HTMLElement {
  static observedAttributes = ["data-chart"];

  connectedCallback() {
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.restyle = () => this.draw();
    this.dark.addEventListener("change", this.restyle);
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(this);
    this.draw();
  }

  disconnectedCallback() {
    this.dark.removeEventListener("change", this.restyle);
    this.resized.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  attributeChangedCallback(name, before, after) {
    if (!this.isConnected || before === after || before === null) return;
    this.content = JSON.parse(after);
    if (this.plot) this.plot.setData(columns(this.content));
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this;
    if (this.plot && width && (width !== this.plot.width || height !== this.plot.height)) {
      this.plot.setSize({ width, height });
    }
  }

  draw() {
    this.plot?.destroy();
    this.content = JSON.parse(this.dataset.chart);
    this.plot = new uPlot(this.options(), columns(this.content), this);
  }

  options() {
    const css = getComputedStyle(this);
    const colour = (name) => css.getPropertyValue(`--${name}`).trim();
    const font = `12px ${css.fontFamily}`;
    const blue = colour("forecast");
    return {
      width: this.clientWidth || 600,
      height: this.clientHeight,
      padding: [8, 10, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false, range: (_, low, high) => [low - 0.5, high + 1 + room(this.content)] }, y: { range: (_, low, high) => spread(this.content, low, high) } },
      axes: [
        { size: 20, gap: 2, font, stroke: colour("soft"), grid: { show: false }, ticks: { show: false }, space: 110 },
        { size: 52, gap: 6, font, stroke: colour("soft"), grid: { show: false }, ticks: { show: false }, splits: () => marks(this.content), values: (_, at) => at.map((value) => plain(value, this.content)) },
      ],
      series: [
        {},
        { stroke: "transparent", width: 0, points: { show: false } },
        { stroke: "transparent", width: 0, points: { show: false } },
        { stroke: blue, width: 1.5, dash: [5, 4], points: { show: false } },
        { stroke: colour("ink"), width: 1.5, spanGaps: true, points: { show: true, size: 5, width: 0, fill: colour("ink") } },
      ],
      bands: [{ series: [2, 1], fill: `color-mix(in srgb, ${blue} 26%, transparent)` }],
      hooks: {
        drawClear: [(plot) => band(plot, this.content, colour), (plot) => control(plot, this.content, colour)],
        draw: [
          (plot) => ring(plot, this.content, colour),
          (plot) => outliers(plot, this.content, colour),
          (plot) => following(plot, this.content, colour, font),
        ],
      },
    };
  }
}

// What comes next stands to the right of the last part, each as wide as some parts, so that its words fit under it.
const room = (c) => c.next.length * NEXT_WIDTH * Math.max(1, c.at.length / 60);
const columns = (c) => [c.at, c.low, c.high, c.mean, c.measured];
// A sign only where values of both signs conform: a deviation has one, a diameter has none.
const plain = (value, c) => (value > 0 && c.lower < 0 ? "+" : "") + String(Number(value.toPrecision(4))).replace("-", "−");
const marks = (c) => [c.lower, c.target, c.upper].filter((value) => value !== null);

// Limits and the part the page is about are always in sight; other gross outliers do not squeeze the rest, they are
// marked at the edge.
function spread(c, low, high) {
  if (c.lower === null || c.upper === null) {
    const room = (high - low || 1) * 0.1;
    return [Math.min(low, c.lower ?? low) - room, Math.max(high, c.upper ?? high) + room];
  }
  const most = (c.upper - c.lower) * OUTSIDE;
  const least = (c.upper - c.lower) * 0.08;
  const within = (room) => Math.min(Math.max(room, least), most);
  const own = c.ring === null ? [] : [c.measured, c.low, c.high].map((column) => column[c.ring]).filter((v) => v !== null);
  own.push(...c.next.flatMap((each) => [each.low, each.high]));
  return [
    Math.min(c.lower - within(c.lower - low + least), ...own.map((value) => value - least)),
    Math.max(c.upper + within(high - c.upper + least), ...own.map((value) => value + least)),
  ];
}

function band(plot, c, colour) {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const at = (value, other) => (value === null ? other : plot.valToPos(value, "y", true));
  const [upper, lower] = [at(c.upper, top), at(c.lower, top + height)];
  ctx.save();
  ctx.fillStyle = colour("band");
  ctx.fillRect(left, upper, width, lower - upper);
  ctx.lineWidth = devicePixelRatio;
  line(ctx, left, width, at(c.target, upper), colour("rule"), []);
  const dash = [3 * devicePixelRatio, 3 * devicePixelRatio];
  if (c.upper !== null) line(ctx, left, width, upper, colour("soft"), dash);
  if (c.lower !== null) line(ctx, left, width, lower, colour("soft"), dash);
  ctx.restore();
}

// Between these the process keeps of itself; they are not the drawing's limits, and are drawn so that nobody mixes them up.
function control(plot, c, colour) {
  if (!c.control) return;
  const { ctx } = plot;
  const { left, width } = plot.bbox;
  const px = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * px;
  for (const value of c.control) line(ctx, left, width, plot.valToPos(value, "y", true), colour("settled"), [10 * px, 5 * px]);
  ctx.restore();
}

// What the next parts are forecast at: as it is, and after the suggested adjustment.
function following(plot, c, colour, font) {
  const { ctx } = plot;
  const px = devicePixelRatio;
  const last = c.at.at(-1) ?? 0;
  const width = room(c) / (c.next.length || 1);
  ctx.save();
  ctx.textAlign = "center";
  ctx.font = font.replace(/^\d+/, (size) => size * px);
  c.next.forEach((each, i) => {
    const x = plot.valToPos(last + 1 + width * (i + 0.5), "x", true);
    const [top, middle, foot] = [each.high, each.mean, each.low].map((value) => plot.valToPos(value, "y", true));
    const stroke = colour(each.after ? "act" : "forecast");
    ctx.fillStyle = `color-mix(in srgb, ${stroke} 26%, transparent)`;
    ctx.fillRect(x - 9 * px, top, 18 * px, foot - top);
    ctx.fillStyle = stroke;
    ctx.beginPath();
    ctx.arc(x, middle, 5 * px, 0, 2 * Math.PI);
    ctx.fill();
    ctx.fillStyle = colour("ink");
    ctx.fillText(each.label, x, plot.valToPos(c.lower ?? plot.scales.y.min, "y", true) - 7 * px);
  });
  ctx.restore();
}

function line(ctx, left, width, y, stroke, dash) {
  ctx.strokeStyle = stroke;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
}

function ring(plot, c, colour) {
  if (c.ring === null) return;
  const value = c.measured[c.ring] ?? c.mean[c.ring];
  if (value === null) return;
  const { ctx } = plot;
  const x = plot.valToPos(c.at[c.ring], "x", true);
  const y = plot.valToPos(value, "y", true);
  const px = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour("forecast");
  ctx.lineWidth = 2 * px;
  if (c.low[c.ring] !== null) {
    ctx.beginPath();
    ctx.moveTo(x, plot.valToPos(c.low[c.ring], "y", true));
    ctx.lineTo(x, plot.valToPos(c.high[c.ring], "y", true));
    ctx.stroke();
  }
  ctx.beginPath();
  ctx.arc(x, y, 7 * px, 0, 2 * Math.PI);
  ctx.strokeStyle = colour("alarm");
  ctx.lineWidth = 2.5 * px;
  ctx.stroke();
  ctx.restore();
}

function outliers(plot, c, colour) {
  const { ctx } = plot;
  const { min, max } = plot.scales.y;
  const px = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour("alarm");
  c.measured.forEach((value, i) => {
    if (value === null || (value >= min && value <= max)) return;
    const up = value > max;
    const x = plot.valToPos(c.at[i], "x", true);
    const tip = up ? plot.bbox.top : plot.bbox.top + plot.bbox.height;
    const base = tip + (up ? 7 : -7) * px;
    ctx.beginPath();
    ctx.moveTo(x, tip);
    ctx.lineTo(x - 4 * px, base);
    ctx.lineTo(x + 4 * px, base);
    ctx.fill();
  });
  ctx.restore();
}

customElements.define("jidoka-chart", Chart);
