// Faults and events in words, as the firmware's own reporters say them: firmware/bms/words.py and
// tools/demo/readable.py. A test holds the two against each other.

const UNITS = { mV: [" V", 1000, 3], mA: [" A", 1000, 1], ms: [" s", 1000, 2], ddegc: [" °C", 10, 1], "": ["", 1, 0] };
const TEMP_NONE = -32768;

// what a fault row looks at: unit, where the number comes from, word between the two, the number now
const highest = ["mV", "cell", "at", (state) => state.spread?.max_mv];
const lowest = ["mV", "cell", "at", (state) => state.spread?.min_mv];
const spread = ["mV", "cell", "ahead by", (state) => state.spread && state.spread.max_mv - state.spread.min_mv];
const mean = ["mV", "", "", (state) => state.cells.length && Math.trunc(state.stack_mv / state.cells.length)];
const charging = ["mA", "", "", (state) => Math.max(state.pack_ma, 0)];
const discharging = ["mA", "", "", (state) => Math.max(-state.pack_ma, 0)];
const hottest = ["ddegc", "sensor", "at", (state) => extreme(state, Math.max)];
const coldest = ["ddegc", "sensor", "at", (state) => extreme(state, Math.min)];
const fets = ["ddegc", "", "", (state) => named(state, "FETs")];
const board = ["ddegc", "", "", (state) => named(state, "monitor")];
const plain = (unit) => [unit, "", "", null];
const FACT = null; // only yes and no: its number is nothing to show

// fault row: words, what it looks at, whether it stays until a person clears it
export const FAULTS = {
  cov_warn: ["cell voltage high", highest],
  cov: ["cell over-voltage", highest],
  cov_lock: ["cell far over voltage", highest, true],
  cuv_warn: ["cell voltage low", lowest],
  cuv: ["cell under-voltage", lowest],
  dead: ["dead cell", lowest, true],
  pov: ["pack over-voltage", mean],
  puv: ["pack under-voltage", mean],
  imbal_warn: ["cells apart", spread],
  imbal: ["cells far apart", spread],
  occ1: ["charge over-current", charging],
  occ2: ["charge over-current, strong", charging],
  ocd1: ["discharge over-current", discharging],
  ocd2: ["discharge over-current, strong", discharging],
  scd: ["short circuit", FACT],
  chip_ocd: ["discharge over-current (monitor)", FACT],
  chip_occ: ["charge over-current (monitor)", FACT],
  chip_cov: ["cell over-voltage (monitor)", FACT],
  chip_cuv: ["cell under-voltage (monitor)", FACT],
  chip_temp: ["temperature limit (monitor)", FACT],
  hwd: ["monitor heard nothing from the firmware", FACT],
  pf: ["monitor declared itself broken", FACT, true],
  utc: ["too cold to charge", coldest],
  otc: ["too hot to charge", hottest],
  utd: ["too cold to discharge", coldest],
  otd: ["too hot to discharge", hottest],
  otf: ["MOSFETs too hot", fets],
  otint: ["board too hot", board],
  ntc: ["temperature sensor open or shorted", ["", "sensor", "at", FACT]],
  mismatch: ["cells do not add up to the stack", plain("mV")],
  openwire: ["open sense wire", ["mV", "cell", "swings by", null]],
  stale: ["no valid readings", plain("ms")],
  late: ["scan came too late", plain("ms")],
  reset: ["monitor lost its configuration", FACT],
  cfgbad: ["monitor configuration differs", FACT],
  weld_chg: ["charge FET conducts though off", plain("mA"), true],
  weld_dsg: ["discharge FET conducts though off", plain("mA"), true],
  fet: ["FET does not follow its command", FACT, true],
  precharge: ["load would not precharge", FACT, true],
  interlock: ["interlock open", FACT],
  cutoff: ["interrupt cut-off not armed", FACT],
  occ_mean: ["charge over-current, on average", charging],
  ocd_mean: ["discharge over-current, on average", discharging],
};

/** Rows that only warn. */
export const WARNINGS = new Set(["cov_warn", "cuv_warn", "imbal_warn", "chip_temp"]);

export const MODES = ["off", "self-test", "precharge", "run", "charge only", "discharge only", "fault", "sleep", "shutdown"];
export const FETS = ["chg", "pchg", "dsg", "pdsg"];
export const OUTPUTS = ["heater", "fan", "charge contactor", "discharge contactor", "buzzer", "fault LED", "run LED"];
// names of FETs: the switch, and what it lets through, for people
export const FET_WORDS = {
  chg: ["charge", "charging"],
  pchg: ["precharge of cells", "precharge of cells"],
  dsg: ["discharge", "discharging"],
  pdsg: ["precharge", "precharge"],
};
const REQUESTS = ["on", "off", "sleep", "shutdown", "clear the faults", "self-test"];
export const KINDS = ["boot", "trip", "clear", "lock", "ack", "mode", "request", "refused", "alert", "armed", "bus", "anchor", "write", "settings", "reset", "lost", "calibration", "clock", "lapse"];
// bits of what the monitor itself can say, by the fault row whose words they share
const TRIPS = "cuv cov occ1 ocd1 ocd2 scd otc otd utc utd otf otint hwd pf".split(" ").map((row) => FAULTS[row][0]);
TRIPS.push("FETs held off from outside");
const ANCHORS = ["none", "full", "empty"];
const CAUSES = ["not told", "power", "reset pin", "watchdog", "deep sleep", "software"];
export const SOURCES = [
  "stored",
  "first start",
  "new config.json",
  "config.json edited or damaged, FETs held off",
  "store damaged, config.json instead, FETs held off",
  "stored, one damaged copy mended",
  "changed, from the next start on",
  "acknowledged",
  "stored; config.json cannot be used",
  "config.json, which could not be stored",
  "not usable, others instead, FETs held off",
];
export const LOOK = [3, 4, 5, 8, 9, 10]; // sources that a person should look at
const VERBS = { trip: "tripped", clear: "over", lock: "locked", ack: "acknowledged" };
const LOCK_FETS = 1; // item of a request that locks FETs

function extreme(state, of) {
  const known = state.temps.filter((temp) => !temp.board && temp.ddegc !== null).map((temp) => temp.ddegc);
  return known.length ? of(...known) : null;
}

const named = (state, name) => state.temps.find((temp) => temp.name === name)?.ddegc;

/** Names of the bits that are set. */
export const namesOf = (word, names) => names.filter((_, bit) => (word >> bit) & 1);

const fetWords = (names) => names.map((name) => FET_WORDS[name][0]).join(", ");

/** What a fault that blocks these FETs stops; empty when it only warns. */
export function stopped(blocks) {
  const what = blocks.map((name) => FET_WORDS[name]?.[1] ?? name);
  return what.length ? `${what.join(" and ")} stopped` : "";
}

/** A number of the firmware as people write it. */
export function show(value, unit) {
  if (unit === "ddegc" && value === TEMP_NONE) return "no reading";
  const [text, per, decimals] = UNITS[unit];
  return (value / per).toFixed(decimals) + text;
}

/** Why a row speaks: `cell over-voltage: cell 5 at 3.652 V, limit 3.650 V`. */
export function reason(name, i, value, limit) {
  const [text, looks] = FAULTS[name] ?? [`a fault that this page does not know (${name})`, FACT];
  if (looks === FACT) return text;
  const [unit, place, link, now] = looks;
  const where = place && i >= 0 ? [`${place} ${i + 1}`] : [];
  if (name !== "ntc") {
    if (where.length) where.push(link);
    where.push(`${show(value, unit)}, limit ${show(limit, unit)}`);
  }
  return where.length ? `${text}: ${where.join(" ")}` : text;
}

/** What a row looks at, in this moment; empty where there is no number. */
export function nowOf(name, state) {
  const looks = FAULTS[name]?.[1];
  const value = looks?.[3]?.(state);
  return value === null || value === undefined ? "" : show(value, looks[0]);
}

/** A record of the journal: its kind, words, and how serious it is. `rows`: names of the fault rows. */
export function describe(record, rows) {
  const kind = KINDS[record.kind] ?? "unknown";
  if (kind in VERBS) {
    const name = rows[record.item] ?? `fault ${record.item}`;
    const words = `${VERBS[kind]}: ${reason(name, record.cell, record.value, record.limit)}`;
    return { kind, item: name, words, level: kind === "clear" ? "good" : WARNINGS.has(name) ? "warn" : "bad" };
  }
  const odd = ["bus", "write", "refused"].includes(kind) || (kind === "settings" && LOOK.includes(record.item));
  const level = odd ? "warn" : ["anchor", "armed"].includes(kind) ? "good" : "info";
  return { kind, item: null, words: OTHERS[kind]?.(record) ?? kind, level };
}

const signed = (value, decimals) => (value < 0 ? "" : "+") + value.toFixed(decimals);

/** What was corrected, from what to what. */
function calibrated({ item, cell, value, limit }) {
  if (item > 6) return "calibrated";
  if (item === 0 && limit) return "the stored calibration is refused: none is in force";
  if (item === 0) return value ? `calibration ${value.toString(16).padStart(8, "0")} is in force` : "no calibration is in force";
  const kind = ["cell", "current", "NTC"][Math.trunc((item - 1) / 2)];
  const name = kind === "current" ? kind : `${kind} ${cell + 1}`;
  const what = item % 2 ? "gain" : "offset";
  const [unit, decimals, per] = item % 2 ? ["%", 2, 163.84] : { cell: ["mV", 0, 1], current: ["mA", 0, 1], NTC: ["°C", 1, 10] }[kind];
  const show = (number) => `${signed(number / per, decimals)} ${unit}`;
  return `calibrated: ${what} of ${name} ${show(value)}, before ${show(limit)}`;
}

const OTHERS = {
  settings: ({ item }) => `settings: ${SOURCES[item] ?? `source ${item}`}`,
  reset: ({ item, value }) => `start ${value}, cause: ${CAUSES[item] ?? `cause ${item}`}`,
  lost: ({ value, limit }) => `${limit} events came too fast to be stored, ${value} in all`,
  calibration: calibrated,
  clock: ({ item, value }) => (item ? `the clock was moved by ${signed(value, 0)} s` : "the time was told"),
  lapse: ({ item, value }) => `nothing conducted for a moment: ${item ? "a scan needed memory" : "scans came too late"} (${value} times so far)`,
  boot: () => "the firmware has started",
  mode: ({ item, value }) => `mode: ${MODES[item]}, before: ${MODES[value]}`,
  request: ({ item, value }) =>
    item === LOCK_FETS ? `off by hand: ${fetWords(namesOf(value, FETS)) || "nothing"}` : `asked for: ${namesOf(value, REQUESTS).join(", ")}`,
  refused: ({ value }) => `refused: ${namesOf(value, REQUESTS).join(", ")}`,
  alert: ({ limit }) => `the monitor raised its alert: ${namesOf(limit, TRIPS).join("; ") || "cause already over"}`,
  armed: ({ value, limit }) => (value ? "the monitor is armed, and everything read back" : `the monitor differs at 0x${limit.toString(16).padStart(4, "0")}`),
  anchor: ({ item, value }) => `${ANCHORS[item]}: SoC was ${(value / 10).toFixed(1)} % until now`,
  bus: ({ item, value, limit }) =>
    item ? `the bus has not failed for a minute: ${limit} errors in that burst, ${value} so far` : `the bus failed, ${value} times so far`,
  write: () => "a command to the monitor failed",
};
