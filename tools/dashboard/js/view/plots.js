// The charts of the history and of the window around a trip: the same ones, over other times.

import { Chart } from "../chart.js";
import { amps, clock, degrees, digitsOf, percent, volts } from "../format.js";

const highest = (point) => (point.cells.length ? Math.max(...point.cells) : null);
const lowest = (point) => (point.cells.length ? Math.min(...point.cells) : null);

/** Charts put into `box`; `time` says a moment in words. */
export function makePlots(box, time) {
  const plots = {
    current: new Chart({
      title: "Current", series: [{ name: "current", colour: "--cell", of: (point) => point.ma }],
      unit: (ma) => amps(ma), tick: (ma, step) => amps(ma, digitsOf(step / 1000)), least: 2000, zero: true, time,
    }),
    cells: new Chart({
      title: "Cells", series: [{ name: "highest", colour: "--high", of: highest }, { name: "lowest", colour: "--low", of: lowest }],
      band: [lowest, highest], unit: (mv) => volts(mv), tick: (mv, step) => volts(mv, Math.max(2, digitsOf(step / 1000))), least: 20, time,
    }),
    soc: new Chart({
      title: "State of charge", series: [{ name: "charge", colour: "--good", of: (point) => point.soc_pm }],
      band: [(point) => point.lo_pm, (point) => point.hi_pm], unit: (pm) => percent(pm), tick: (pm, step) => percent(pm, digitsOf(step / 10)), least: 50, time,
    }),
    temp: new Chart({
      title: "Warmest cell sensor", series: [{ name: "temperature", colour: "--warn", of: (point) => point.ddegc }],
      unit: degrees, tick: (ddegc, step) => degrees(ddegc, digitsOf(step / 10)), least: 50, time,
    }),
  };
  box.replaceChildren(...Object.values(plots).map((plot) => plot.node));
  return plots;
}

/** The lines across the cells' chart. */
export function cellMarks(marks) {
  if (!marks) return [];
  return [
    { value: marks.cov_mv, colour: "--bad" }, { value: marks.cuv_mv, colour: "--bad" },
    { value: marks.cov_warn_mv, colour: "--warn" }, { value: marks.cuv_warn_mv, colour: "--warn" },
  ];
}

/** The time of a point in the history. */
export const timeOf = (about) => (t_s) => clock(t_s, about.wall);

/** The time of a point beside a trip, in seconds from it. */
export const timeFrom = (moment_s) => (t_s) => {
  const off = t_s - moment_s;
  return `${off < -0.05 ? "−" : off > 0.05 ? "+" : ""}${Math.abs(off).toFixed(1)} s`;
};
