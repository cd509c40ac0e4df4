// Numbers as people read them. Unknown is a dash.

const MINUS = "−";
const DASH = "–";

const withUnit = (value, per, digits, unit) => (value === null || value === undefined ? DASH : `${(value / per).toFixed(digits).replace("-", MINUS)}${unit}`);

export const volts = (mv, digits = 3) => withUnit(mv, 1000, digits, " V");
export const amps = (ma, digits = 1) => withUnit(ma, 1000, digits, " A");
export const percent = (pm, digits = 1) => withUnit(pm, 10, digits, " %");
export const degrees = (ddegc, digits = 1) => withUnit(ddegc, 10, digits, " °C");

/** Digits after the point that tell the steps of an axis apart. */
export const digitsOf = (step) => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));

/** With its sign; nothing that rounds to zero has one. */
export function signed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value < 0 ? MINUS : "+") + text;
}

const two = (n) => String(n).padStart(2, "0");

/** A moment: of the day, or since the pack started. */
export function clock(t_s, wall) {
  if (wall) {
    const day = new Date(t_s * 1000);
    return `${two(day.getHours())}:${two(day.getMinutes())}:${two(day.getSeconds())}`;
  }
  const s = Math.floor(t_s);
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** A span of time. */
export function span(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 180 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Numbers stay on one line with their units. */
export const tight = (words) => words.replace(/(\d) (?=[°%VAs]|mV)/g, "$1\u00a0");

const PARTS = { ntc: "sensor", chg: "charge FET", dsg: "discharge FET" };

/** `broken_wire` as words, parts by the names that people know. */
export function spell(name) {
  const words = name.split("_").map((word) => PARTS[word] ?? word).join(" ");
  return words[0].toUpperCase() + words.slice(1);
}
