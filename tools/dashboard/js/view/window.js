// The window around a trip: the same readings that the pack decided on, before and after.

import { download, historyCsv } from "../csv.js";
import { $, put } from "../dom.js";
import { clock, span } from "../format.js";
import { cellMarks, makePlots, timeFrom } from "./plots.js";

let points = [];
let about = null;

/** Call once. */
export function startWindow() {
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  $("window-csv").addEventListener("click", () => download("cellwarden-trip.csv", historyCsv(points, about.wall)));
}

/** Show an event; `fetched` are finer readings than the page's own, or null. */
export function showWindow(event, fetched, packAbout) {
  about = packAbout;
  points = fetched ?? event.points;
  put("window-title", event.words[0].toUpperCase() + event.words.slice(1));
  const long_s = points.length > 1 ? points[points.length - 1].t_s - points[0].t_s : 0;
  put("window-note", points.length > 1
    ? `${clock(event.t_s, about.wall)} · ${points.length} readings in ${span(long_s)}, the dashed line is the moment of the trip`
    : "There are no readings around this event.");
  $("window").showModal();
  const plots = makePlots($("window-plots"), timeFrom(event.t_s));
  for (const [name, plot] of Object.entries(plots)) plot.show(points, name === "cells" ? cellMarks(about.marks) : [], event.t_s);
}
