// History: charts over a choice of time, and the whole of it as CSV.

import { $, choice, press, put } from "../dom.js";
import { span } from "../format.js";
import { cellMarks, makePlots, timeOf } from "./plots.js";

const RANGES = [[300, "5 min"], [3600, "1 h"], [0, "All"]];
let range_s = 0;
let plots = null;
let shown = null;

/** Another pack. */
export function startHistory(about) {
  choice("ranges", RANGES, (seconds) => {
    range_s = seconds;
    if (shown) drawHistory(...shown);
  });
  plots = makePlots($("plots"), timeOf(about));
  shown = null;
}

export function drawHistory(points, about) {
  shown = [points, about];
  press("ranges", (value) => value === String(range_s));
  const last_s = points.length ? points[points.length - 1].t_s : 0;
  const kept = range_s ? points.filter((point) => point.t_s >= last_s - range_s) : points;
  put("history-span", kept.length > 1 ? `last ${span(last_s - kept[0].t_s)}` : "");
  for (const [name, plot] of Object.entries(plots)) plot.show(kept, name === "cells" ? cellMarks(about.marks) : []);
}

/** Colours have changed. */
export function redrawHistory() {
  if (shown) drawHistory(...shown);
}
