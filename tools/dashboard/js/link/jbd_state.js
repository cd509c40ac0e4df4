// What a JBD board says, as the page's common state. The protocol has no interval, no limits and no
// event log: those stay unknown, and events are what this page itself saw change.

import { blank, spreadOf } from "../state.js";

const highest = (state) => `cell ${state.spread.max_i + 1} at ${(state.spread.max_mv / 1000).toFixed(3)} V`;
const lowest = (state) => `cell ${state.spread.min_i + 1} at ${(state.spread.min_mv / 1000).toFixed(3)} V`;
const stack = (state) => `${(state.stack_mv / 1000).toFixed(2)} V`;
const current = (state) => `${(state.pack_ma / 1000).toFixed(1)} A`;
const warmest = (state) => `${(Math.max(...temps(state)) / 10).toFixed(1)} °C`;
const coldest = (state) => `${(Math.min(...temps(state)) / 10).toFixed(1)} °C`;
const temps = (state) => state.temps.map((temp) => temp.ddegc);

// bit of the protection word: name, words, FETs it opens, what to show beside it
export const BITS = [
  ["cov", "cell over-voltage", ["chg"], highest],
  ["cuv", "cell under-voltage", ["dsg"], lowest],
  ["pov", "pack over-voltage", ["chg"], stack],
  ["puv", "pack under-voltage", ["dsg"], stack],
  ["otc", "too hot to charge", ["chg"], warmest],
  ["utc", "too cold to charge", ["chg"], coldest],
  ["otd", "too hot to discharge", ["dsg"], warmest],
  ["utd", "too cold to discharge", ["dsg"], coldest],
  ["occ", "charge over-current", ["chg"], current],
  ["ocd", "discharge over-current", ["dsg"], current],
  ["scd", "short circuit", ["chg", "dsg"], null],
  ["afe", "fault of the monitor, its wires or its data", ["chg", "dsg"], null],
  ["off", "switched off on purpose", ["chg", "dsg"], null],
  ["chg_fet", "charge FET broken", ["chg"], null],
  ["dsg_fet", "discharge FET broken", ["dsg"], null],
];

/** Turns pairs of basic and cell frames into states, and what changed between them into events. */
export class JbdState {
  #since = new Map(); // fault name: when this page saw it first
  #first = true;

  /** -> {state, events} of one reading. */
  take(basic, cells, t_s) {
    const state = blank();
    Object.assign(state, {
      t_s,
      stack_mv: basic.stack_mv,
      pack_ma: basic.pack_ma,
      soc_pm: basic.soc_pm,
      remaining_mah: basic.remaining_mah,
      capacity_mah: basic.capacity_mah,
      cycles: basic.cycles,
      cells: cells.map((mv, i) => ({ mv, bleeds: Math.floor(basic.bleeding / 2 ** i) % 2 === 1, togo_mah: null })),
      temps: basic.temp_ddegc.map((ddegc, i) => ({ name: `sensor ${i + 1}`, ddegc })),
      fets: [
        { name: "chg", conducts: basic.chg, wanted: null },
        { name: "dsg", conducts: basic.dsg, wanted: null },
      ],
    });
    state.spread = spreadOf(state.cells);
    state.mode = modeOf(basic);
    return { state, events: this.#judge(state, basic.protection) };
  }

  #judge(state, protection) {
    const events = [];
    BITS.forEach(([name, words, blocks, show], bit) => {
      if (!((protection >> bit) & 1)) {
        if (this.#since.delete(name)) {
          events.push({ t_s: state.t_s, kind: "clear", level: "good", words: `over: ${words}` });
        }
        return;
      }
      const now = show && known(state, show) ? show(state) : "";
      if (!this.#since.has(name)) {
        this.#since.set(name, state.t_s);
        const verb = this.#first ? "there already" : "tripped";
        events.push({ t_s: state.t_s, kind: "trip", level: "bad", words: `${verb}: ${words}${now ? `: ${now}` : ""}` });
      }
      state.faults.push({ name, words, now, blocks, since_s: this.#since.get(name), latched: false });
    });
    this.#first = false;
    return events;
  }
}

function known(state, show) {
  if (show === highest || show === lowest) return state.spread !== null;
  return show === warmest || show === coldest ? state.temps.length > 0 : true;
}

function modeOf(basic) {
  if (basic.chg && basic.dsg) return "run";
  if (basic.chg) return "charge only";
  if (basic.dsg) return "discharge only";
  return basic.protection & ~(1 << 12) ? "fault" : "off";
}
