// Charge, current, voltage, switches, temperatures, limits: what is looked at first.

import { $, make, put, putTerms } from "../dom.js";
import { amps, degrees, percent, signed, volts } from "../format.js";
import { wattsOf } from "../state.js";

const LEVELS = {
  run: "", precharge: "", "self-test": "", sleep: "", "charge only": "warn", "discharge only": "warn", off: "warn", shutdown: "warn", fault: "bad",
};
const LOW_PM = 200;
const EMPTY_PM = 100;
const NAMES = { chg: "Charge", dsg: "Discharge", pchg: "Precharge (cells)", pdsg: "Precharge" };

export function drawNow(state) {
  drawMode(state);
  drawCharge(state);
  drawFlow(state);
  drawFets(state);
  putTerms("temps", state.temps.map((temp) => [temp.name, degrees(temp.ddegc)]));
  putTerms("limits", limitsOf(state));
  $("now").classList.toggle("stale", !state.fresh);
}

function drawMode(state) {
  const pill = $("mode");
  pill.hidden = state.mode === null;
  put(pill, state.mode ?? "");
  pill.className = `pill ${LEVELS[state.mode] ?? "warn"}`;
}

function drawCharge(state) {
  put("soc", percent(state.soc_pm, state.soc_pm === 1000 ? 0 : 1));
  put("interval", intervalOf(state));
  const capacity = state.capacity_mah ? ` of ${(state.capacity_mah / 1000).toFixed(0)}` : "";
  const cycles = !state.cycles ? "" : ` · ${state.cycles} cycles`;
  put("charge", state.remaining_mah === null ? "" : `${(state.remaining_mah / 1000).toFixed(1)}${capacity} Ah${cycles}`);
  put("worth", worthOf(state.worth));
  const soc = state.soc_pm ?? 0;
  $("ring").style.strokeDasharray = `${soc / 10} 100`;
  $("ring").setAttribute("class", `ring ${soc < EMPTY_PM ? "empty" : soc < LOW_PM ? "low" : ""}`);
  const [low, high] = [state.soc_lo_pm ?? soc, state.soc_hi_pm ?? soc];
  $("band").style.strokeDasharray = `${(high - low) / 10} 100`;
  $("band").style.strokeDashoffset = `${-low / 10}`;
}

/** Energy, time, and what the pack has been measured to hold. */
function worthOf(worth) {
  if (!worth) return "";
  const parts = [`${(worth.energy_wh / 1000).toFixed(1)} kWh`];
  for (const [minutes, name] of [[worth.to_empty_min, "empty"], [worth.to_full_min, "full"]]) {
    if (minutes !== null) parts.push(`${name} in ${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`);
  }
  if (worth.capacity) {
    const { part_e4, sigma_e4, from, to } = worth.capacity;
    parts.push(`holds ${(part_e4 / 100).toFixed(0)} ± ${((2 * sigma_e4) / 100).toFixed(0)} % of new, measured from ${from} to ${to}`);
  }
  return parts.join(" · ");
}

/** How sure the number is: never a pretty one without its interval. */
function intervalOf(state) {
  if (state.soc_lo_pm !== null && state.soc_hi_pm !== null) {
    const [low, high] = [Math.floor(state.soc_lo_pm / 10), Math.ceil(state.soc_hi_pm / 10)];
    return `likely ${low} to ${high} %`;
  }
  if (state.soc_guessed) return "a guess until full or empty";
  return "";
}

function drawFlow(state) {
  put("current", state.pack_ma === null ? "–" : `${signed(state.pack_ma / 1000, 1)} A`);
  const watts = wattsOf(state);
  const flow = Math.abs(state.pack_ma) < 50 ? "idle" : state.pack_ma > 0 ? "charging" : "discharging";
  put("power", watts === null ? "" : `${Math.abs(watts).toFixed(0)} W ${flow}`);
  put("stack", volts(state.stack_mv, 2));
  put("terminal", state.fresh ? (state.pack_mv === null ? "" : `terminals ${volts(state.pack_mv, 2)}`)
    : `old: ${(state.age_ms / 1000).toFixed(1)} s`);
}

function drawFets(state) {
  const list = $("fets");
  const key = JSON.stringify(state.fets);
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...state.fets.map((fet) => {
      const odd = fet.wanted === false && fet.conducts;
      const item = make("li", odd ? "odd" : fet.conducts ? "on" : "", NAMES[fet.name] ?? fet.name);
      item.append(make("small", "", odd ? "on, not permitted" : fet.conducts ? "on" : fet.wanted ? "waits" : "off"));
      return item;
    }));
  }
  put("outputs", outputsOf(state.outputs));
}

/** What runs beside the switches. */
function outputsOf(names) {
  const shown = names.filter((name) => !/contactor|LED/.test(name));
  return shown.length ? `${shown.join(", ")} on` : "";
}

function limitsOf(state) {
  if (!state.limits) return [["Limits", "unknown"]];
  const { cvl_mv, ccl_ma, dcl_ma } = state.limits;
  return [["Voltage", volts(cvl_mv, 1)], ["Charge", amps(ccl_ma)], ["Discharge", amps(dcl_ma)]];
}
