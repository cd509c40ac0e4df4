// A small line chart on a canvas: some series or a band over time, with a cursor for finger, mouse and
// arrow keys. Colours are the page's own, so that it follows light and dark.

import { make } from "./dom.js";

const PAD = { left: 58, right: 10, top: 8, bottom: 22 };
const LABEL_GAP = 6;
const FONT = "12px system-ui, sans-serif";
const STEPS = [1, 2, 5];

/** A round step that divides `span` into at most `most` parts. */
export function niceStep(span, most) {
  const power = 10 ** Math.floor(Math.log10(span / most));
  for (const step of STEPS) if (step * power * most >= span) return step * power;
  return 10 * power;
}

/** Lowest and highest to show of these values; with room, and with zero in it when `zero`. */
export function rangeOf(values, least, zero) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (zero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const room = Math.max((high - low) * 0.08, (least - (high - low)) / 2, 0);
  return [low - room, high + room];
}

export class Chart {
  /** `series`: {name, colour, of(point)}; `band`: two functions; `unit`: number -> text; `least`: smallest span. */
  constructor({ title, series, band = null, unit, tick = unit, least, zero = false, time }) {
    Object.assign(this, { title, series, band, unit, tick, least, zero, time });
    this.points = [];
    this.marks = []; // {value, colour} lines across
    this.moment = null; // a line down at this time
    this.cursor = null;
    this.node = make("figure", "plot");
    const caption = make("figcaption");
    caption.append(...this.#legend());
    this.output = make("output");
    caption.append(this.output);
    this.canvas = make("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.node.append(caption, this.canvas);
    this.#listen();
  }

  /** Show these points. */
  show(points, marks = [], moment = null) {
    const known = points.filter((point) => this.series.some((one) => one.of(point) !== null && one.of(point) !== undefined));
    Object.assign(this, { points: known, marks, moment });
    this.draw();
  }

  #legend() {
    if (this.series.length === 1) return [make("b", "", this.title)];
    return [make("b", "", this.title), ...this.series.map((one) => {
      const label = make("span");
      const line = make("i", "line");
      line.style.background = `var(${one.colour})`;
      label.append(line, one.name);
      return label;
    })];
  }

  #listen() {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      this.#point((event.clientX - box.left - PAD.left) / (box.width - PAD.left - PAD.right));
    };
    this.canvas.addEventListener("pointermove", at);
    this.canvas.addEventListener("pointerdown", at);
    this.canvas.addEventListener("pointerleave", () => this.#leave());
    this.canvas.addEventListener("blur", () => this.#leave());
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined || !this.points.length) return;
      event.preventDefault();
      const last = this.points.length - 1;
      const stride = Math.max(1, Math.round(last / 100));
      this.cursor = Math.max(0, Math.min(last, (this.cursor ?? last) + step * stride));
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  #point(part) {
    if (this.points.length < 2) return;
    const first_s = this.points[0].t_s;
    const t_s = first_s + part * (this.points[this.points.length - 1].t_s - first_s);
    const later = this.points.findIndex((point) => point.t_s >= t_s);
    this.cursor = later < 0 ? this.points.length - 1 : later;
    this.draw();
  }

  #leave() {
    this.cursor = null;
    this.draw();
  }

  draw() {
    this.#tell();
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    [this.canvas.width, this.canvas.height] = [width * ratio, height * ratio];
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = FONT;
    if (this.points.length < 2) return this.#empty(pen, width, height);
    const frame = this.#frame(width, height);
    this.#grid(pen, frame, width);
    if (this.band) this.#fill(pen, frame);
    for (const one of this.series) this.#line(pen, frame, one);
    this.#overlay(pen, frame);
  }

  #empty(pen, width, height) {
    pen.fillStyle = this.#colour("--soft");
    pen.textAlign = "center";
    pen.fillText("waiting for readings", width / 2, height / 2);
  }

  /** Functions from time and value to pixels. */
  #frame(width, height) {
    const values = this.points.flatMap((point) => [
      ...this.series.map((one) => one.of(point)), ...(this.band ? this.band.map((of) => of(point)) : []),
    ]).filter((value) => value !== null && value !== undefined);
    const [low, high] = rangeOf(values, this.least, this.zero);
    const first_s = this.points[0].t_s;
    const span_s = Math.max(this.points[this.points.length - 1].t_s - first_s, 0.001);
    const tall = height - PAD.top - PAD.bottom;
    return {
      low, high, first_s, span_s, right: width - PAD.right, bottom: PAD.top + tall,
      x: (t_s) => PAD.left + ((t_s - first_s) / span_s) * (width - PAD.left - PAD.right),
      y: (value) => PAD.top + tall - ((value - low) / (high - low)) * tall,
    };
  }

  #grid(pen, frame, width) {
    pen.lineWidth = 1;
    const step = niceStep(frame.high - frame.low, 4);
    pen.textBaseline = "middle";
    for (let value = Math.ceil(frame.low / step) * step; value <= frame.high; value += step) {
      const y = Math.round(frame.y(value)) + 0.5;
      this.#stroke(pen, Math.abs(value) < step / 1000 && this.zero ? "--edge" : "--line", [[PAD.left, y], [frame.right, y]]);
      pen.fillStyle = this.#colour("--soft");
      pen.textAlign = "right";
      pen.fillText(this.tick(value, step), PAD.left - LABEL_GAP, y);
    }
    pen.textBaseline = "top";
    const ticks = Math.max(2, Math.floor(width / 130));
    for (let k = 0; k <= ticks; k++) {
      pen.textAlign = k === 0 ? "left" : k === ticks ? "right" : "center";
      const t_s = frame.first_s + (frame.span_s * k) / ticks;
      pen.fillText(this.time(t_s), frame.x(t_s), frame.bottom + LABEL_GAP);
    }
  }

  #fill(pen, frame) {
    const [lower, upper] = this.band;
    const known = this.points.filter((point) => lower(point) !== null && upper(point) !== null);
    pen.beginPath();
    for (const point of known) pen.lineTo(frame.x(point.t_s), frame.y(upper(point)));
    for (const point of known.reverse()) pen.lineTo(frame.x(point.t_s), frame.y(lower(point)));
    pen.globalAlpha = 0.22;
    pen.fillStyle = this.#colour(this.series[0].colour);
    pen.fill();
    pen.globalAlpha = 1;
  }

  #line(pen, frame, one) {
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    const known = this.points.filter((point) => one.of(point) !== null && one.of(point) !== undefined);
    this.#stroke(pen, one.colour, known.map((point) => [frame.x(point.t_s), frame.y(one.of(point))]));
  }

  #overlay(pen, frame) {
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    for (const mark of this.marks) {
      if (mark.value < frame.low || mark.value > frame.high) continue;
      this.#stroke(pen, mark.colour, [[PAD.left, frame.y(mark.value)], [frame.right, frame.y(mark.value)]]);
    }
    if (this.moment !== null) this.#down(pen, frame, this.moment, "--bad");
    pen.setLineDash([]);
    const point = this.points[this.cursor];
    if (point) this.#down(pen, frame, point.t_s, "--ink");
  }

  #down(pen, frame, t_s, colour) {
    this.#stroke(pen, colour, [[frame.x(t_s), PAD.top], [frame.x(t_s), frame.bottom]]);
  }

  #stroke(pen, colour, corners) {
    pen.strokeStyle = this.#colour(colour);
    pen.beginPath();
    for (const [x, y] of corners) pen.lineTo(x, y);
    pen.stroke();
  }

  /** What the cursor is on, else what was last; the canvas says the whole range to who cannot see it. */
  #tell() {
    const point = this.points[this.cursor ?? this.points.length - 1];
    const text = (one) => this.unit(one.of(point));
    const now = point ? this.series.map(text).join(" · ") : "";
    this.output.setAttribute("aria-live", this.cursor === null ? "off" : "polite"); // live numbers are not read aloud
    this.output.textContent = this.cursor === null || !point ? now : `${this.time(point.t_s)}: ${now}`;
    const values = this.points.flatMap((each) => this.series.map((one) => one.of(each))).filter((value) => value !== null);
    this.canvas.setAttribute("aria-label", values.length
      ? `${this.title}: from ${this.unit(Math.min(...values))} to ${this.unit(Math.max(...values))}, last ${now}. Arrow keys move along.`
      : `${this.title}: no readings yet`);
  }

  #colour(name) {
    this.canvas.style.color = `var(${name})`;
    return getComputedStyle(this.canvas).color;
  }
}
