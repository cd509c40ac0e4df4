// Cells: a bar each, with who is highest, lowest and balancing.

import { $, make, put } from "../dom.js";
import { volts } from "../format.js";
import { FAULTS } from "../words.js";

const LFP = { low: 2600, high: 3750 }; // where a link knows no limits
const ZOOM_MV = 5;
const TOGO_N = 4;
const MARKS = ["cov_mv", "cov_warn_mv", "cuv_warn_mv", "cuv_mv"];
let zoomed = false;
let range = null;

/** Call once. */
export function startCells() {
  $("zoom").addEventListener("click", () => {
    zoomed = !zoomed;
    $("zoom").setAttribute("aria-pressed", String(zoomed));
  });
}

function rangeFor(state, marks) {
  const { min_mv, max_mv } = state.spread;
  if (zoomed) return { low: min_mv - ZOOM_MV, high: max_mv + ZOOM_MV };
  const fixed = marks ? { low: marks.cuv_mv - 200, high: marks.cov_mv + 50 } : LFP;
  return { low: Math.min(fixed.low, min_mv - 50), high: Math.max(fixed.high, max_mv + 50) };
}

const partOf = (mv) => Math.max(0, Math.min(1, (mv - range.low) / (range.high - range.low)));

export function drawCells(state, marks) {
  $("cells").hidden = !state.spread;
  if (!state.spread) return;
  range = rangeFor(state, marks);
  const bars = $("bars");
  if (bars.querySelectorAll(".bar").length !== state.cells.length) build(bars, state.cells.length);
  drawMarks(bars, marks);
  const { min_mv, max_mv, min_i, max_i, before_bleeding } = state.spread;
  put("spread", `${volts(min_mv)} to ${volts(max_mv)}, ${max_mv - min_mv} mV apart${before_bleeding ? " before balancing" : ""}`);
  put("togo", togoOf(state.cells));
  const mean = state.cells.reduce((sum, cell) => sum + cell.mv, 0) / state.cells.length;
  state.cells.forEach((cell, i) => {
    const bad = marks && (cell.mv >= marks.cov_mv || cell.mv <= marks.cuv_mv);
    drawBar(bars.children[i], cell, mean, bad ? "bad" : i === max_i ? "high" : i === min_i ? "low" : "");
  });
}

/** Who holds how much more charge than the last one, the most first. */
function togoOf(cells) {
  const most = cells.map((cell, i) => [i + 1, cell.togo_mah ?? 0]).filter(([, mah]) => mah > 0);
  most.sort((a, b) => b[1] - a[1]);
  const told = most.slice(0, TOGO_N).map(([n, mah]) => `cell ${n}: ${mah} mAh`).join(", ");
  return told && `To bleed: ${told}${most.length > TOGO_N ? `, ${most.length - TOGO_N} more` : ""}`;
}

function build(bars, cell_n) {
  bars.style.setProperty("--n", String(cell_n));
  bars.style.setProperty("--rows", String(Math.ceil(cell_n / 2)));
  bars.replaceChildren(...Array.from({ length: cell_n }, (_, i) => {
    const bar = make("li", "bar");
    const tube = make("span", "tube");
    tube.append(make("i"));
    const label = make("span", "label");
    label.append(make("b"), make("small", "off"), make("small", "n", String(i + 1)));
    label.lastChild.setAttribute("aria-hidden", "true");
    bar.append(tube, label, make("span", "unseen"));
    return bar;
  }));
}

function drawBar(bar, cell, mean, what) {
  const [tube, label, words] = bar.children;
  tube.firstChild.style.setProperty("--part", `${(partOf(cell.mv) * 100).toFixed(1)}%`);
  const wanted = `bar ${what}${cell.bleeds ? " bleeds" : ""}`;
  if (bar.className !== wanted) bar.className = wanted;
  const off = Math.round(cell.mv - mean);
  put(label.children[0], (cell.mv / 1000).toFixed(3));
  put(label.children[1], `${off > 0 ? "+" : off < 0 ? "−" : "±"}${Math.abs(off)}`);
  const names = { high: "highest", low: "lowest", bad: "outside its limits" };
  put(words, [`volts, ${off} millivolts from the mean`, names[what], cell.bleeds && "balancing"].filter(Boolean).join(", "));
}

function drawMarks(bars, marks) {
  const key = JSON.stringify([marks, range, bars.children.length]);
  if (bars.dataset.marks === key) return;
  bars.dataset.marks = key;
  for (const old of bars.querySelectorAll(".mark")) old.remove();
  if (!marks) return;
  for (const name of MARKS.filter((one) => marks[one] > range.low && marks[one] < range.high)) {
    const warns = name.includes("warn");
    const mark = make("li", warns ? "mark warn" : "mark");
    mark.setAttribute("aria-hidden", "true");
    mark.style.setProperty("--at", partOf(marks[name]));
    if (!warns) mark.append(make("em", "", (marks[name] / 1000).toFixed(2)));
    mark.title = `${FAULTS[name.replace("_mv", "")][0]}: ${volts(marks[name])}`;
    bars.append(mark);
  }
}
