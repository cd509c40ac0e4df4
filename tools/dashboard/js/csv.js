// History and events as CSV: units in the column names, one row a reading, UTF-8 with CRLF (RFC 4180).

/** A cell of the table; text that a spreadsheet would take for a formula is only text. */
function cellOf(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function toCsv(rows) {
  return rows.map((row) => row.map(cellOf).join(",") + "\r\n").join("");
}

/** Every reading the page has. */
export function historyCsv(points, wall) {
  const cell_n = points.reduce((n, point) => Math.max(n, point.cells.length), 0);
  const cells = Array.from({ length: cell_n }, (_, i) => `cell_${i + 1}_mv`);
  const head = [wall ? "time" : "t_s", "pack_ma", "stack_mv", "soc_pm", "soc_lo_pm", "soc_hi_pm", "temp_max_ddegc"];
  const rows = points.map((point) => [
    timeOf(point.t_s, wall), point.ma, point.mv, point.soc_pm, point.lo_pm, point.hi_pm, point.ddegc, ...point.cells,
  ]);
  return toCsv([[...head, ...cells], ...rows]);
}

/** Every event the page has, oldest first. */
export function eventsCsv(events, wall) {
  const rows = [...events].reverse().map((event) => [timeOf(event.t_s, wall), event.kind, event.level, event.words]);
  return toCsv([[wall ? "time" : "t_s", "kind", "level", "words"], ...rows]);
}

const timeOf = (t_s, wall) => (wall ? new Date(t_s * 1000).toISOString() : t_s);

/** Hand a text over as a download; it goes to the disk, not through the net. */
export function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
