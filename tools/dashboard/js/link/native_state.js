// What Cellwarden's own service says, as the page's common state.

import { blank, blankAbout, spreadOf } from "../state.js";
import { FAULTS, FETS, MODES, OUTPUTS, describe, namesOf, nowOf, reason } from "../words.js";
import { decodeAbout, decodeEvent, decodeFaults, decodeHealth, decodeLive } from "./native_frame.js";

const TEMP_NONE = -32768;
const [FRESH, GUESSED] = [1, 8];
const LOCKED = 2;
// flag of the readings: words, what to do
const NOTES = [
  [16, "FETs are held off: the settings wait to be confirmed", "On a cable: cellwarden unlock --settings"],
  [32, "FETs are held off: nobody has checked the wiring", "On a cable: cellwarden commission"],
  [64, "Something was wrong with the settings at the start", "The events say what"],
];
const NO_TIME = 0xffff;
const ENDS = ["", "full", "empty", "its lower end"];
const FETS_OF_A_PACK = ["chg", "dsg", "pdsg"];

export class NativeState {
  rows = []; // names of the fault rows, as this board has them
  #faults = []; // as told last
  #worth = null; // health, as told last
  #since = new Map(); // row: when it tripped
  #started_s = null; // time of the day when the board started

  about(data) {
    const told = decodeAbout(data);
    const { cuv_mv, cuv_warn_mv, full_mv, cov_warn_mv, cov_mv } = told;
    return { ...blankAbout(), name: told.name, marks: { cuv_mv, cuv_warn_mv, full_mv, cov_warn_mv, cov_mv } };
  }

  health(data) {
    const told = decodeHealth(data);
    const time = (minutes) => (minutes === NO_TIME ? null : minutes);
    this.#worth = {
      energy_wh: told.energy_wh,
      to_empty_min: time(told.to_empty_min),
      to_full_min: time(told.to_full_min),
      capacity: told.spans ? { part_e4: told.capacity_e4, sigma_e4: told.sigma_e4, spans: told.spans,
        from: ENDS[told.from_kind] ?? "?", to: ENDS[told.to_kind] ?? "?" } : null,
    };
  }

  faults(data) {
    this.#faults = decodeFaults(data);
  }

  /** The state that these readings and the faults told last make; `t_s`: time of the day. */
  live(data, t_s) {
    const told = decodeLive(data);
    this.#started_s = t_s - told.uptime_s;
    const { age_ms, stack_mv, pack_mv, pack_ma, soc_pm, remaining_mah, capacity_mah, cycles } = told;
    const known = { t_s, age_ms, stack_mv, pack_mv, pack_ma, soc_pm, remaining_mah, capacity_mah, cycles };
    const state = Object.assign(blank(), known, intervalOf(told), {
      fresh: (told.flags & FRESH) !== 0,
      soc_guessed: (told.flags & GUESSED) !== 0,
      mode: MODES[told.mode] ?? null,
      cells: told.cells.map((mv, i) => ({ mv, bleeds: ((told.bleeding >>> i) & 1) === 1, togo_mah: null })),
      temps: tempsOf(told),
      fets: fetsOf(told),
      limits: { cvl_mv: told.cvl_mv, ccl_ma: told.ccl_ma, dcl_ma: told.dcl_ma },
      outputs: namesOf(told.outputs, OUTPUTS),
      notes: NOTES.filter(([flag]) => told.flags & flag).map(([, ...words]) => words),
      worth: this.#worth,
    });
    state.spread = spreadOf(state.cells);
    state.faults = this.#faults.map((fault) => this.#faultOf(fault, state));
    state.faults.sort((a, b) => (b.blocks.length > 0) - (a.blocks.length > 0) || a.since_s - b.since_s);
    state.latched = state.faults.filter((fault) => fault.latched).length;
    return state;
  }

  /** A record of the journal, or null before the board's clock is known. */
  event(data) {
    const record = decodeEvent(data);
    const t_s = (this.#started_s ?? 0) + record.uptime_s + record.uptime_ms / 1000;
    const event = { n: record.n, t_s, ...describe(record, this.rows) };
    if (event.kind === "trip" || event.kind === "lock") this.#since.set(event.item, t_s);
    return event;
  }

  #faultOf({ row, state: how, blocks, cell, value, limit }, state) {
    const name = this.rows[row] ?? `fault ${row}`;
    if (!this.#since.has(name)) this.#since.set(name, state.t_s);
    return {
      name,
      words: reason(name, cell, value, limit),
      now: nowOf(name, state),
      blocks: namesOf(blocks, FETS),
      since_s: this.#since.get(name),
      latched: how === LOCKED || FAULTS[name]?.[2] === true,
    };
  }
}

/** An estimator without an interval tells a point: then there is none to show. */
function intervalOf({ soc_pm, soc_lo_pm, soc_hi_pm }) {
  return soc_lo_pm === soc_pm && soc_hi_pm === soc_pm ? {} : { soc_lo_pm, soc_hi_pm };
}

function tempsOf({ temps, fet_ddegc, die_ddegc }) {
  const named = temps.map((ddegc, i) => ({ name: `sensor ${i + 1}`, ddegc, board: false }));
  named.push({ name: "FETs", ddegc: fet_ddegc, board: true }, { name: "monitor", ddegc: die_ddegc, board: true });
  return named.map((temp) => ({ ...temp, ddegc: temp.ddegc === TEMP_NONE ? null : temp.ddegc }));
}

function fetsOf({ intent, fets }) {
  const [wanted, conducts] = [namesOf(intent, FETS), namesOf(fets, FETS)];
  return FETS_OF_A_PACK.map((name) => ({ name, conducts: conducts.includes(name), wanted: wanted.includes(name) }));
}
