// Faults in words, at the top; new ones are also said aloud, once.

import { $, make, put } from "../dom.js";
import { clock, tight } from "../format.js";
import { stopped } from "../words.js";

let said = new Set();

/** Forget what has been said: another pack. */
export function startFaults() {
  said = new Set();
  put("alarm", "");
  put("calm", "");
}

export function drawFaults(state, wall) {
  announce(state.faults);
  const list = $("fault-list");
  const notes = state.notes ?? [];
  const key = JSON.stringify([state.faults, notes]);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  if (!state.faults.length && !notes.length) {
    list.replaceChildren(make("li", "none", "No fault: everything is inside its limits"));
    return;
  }
  list.replaceChildren(
    ...state.faults.map((fault) => row(fault.blocks.length ? "bad" : "", capital(fault.words), detailsOf(fault, wall))),
    ...notes.map(([words, todo]) => row("", words, todo)),
  );
}

function row(style, words, details) {
  const item = make("li", style);
  item.append(make("b", "", tight(words)), make("span", "", tight(details)));
  return item;
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);

const stopsOf = (fault) => stopped(fault.blocks) || "a warning only";

function detailsOf(fault, wall) {
  const parts = [capital(stopsOf(fault)), `since ${clock(fault.since_s, wall)}`];
  if (fault.now) parts.push(`now ${fault.now}`);
  if (fault.latched) parts.push("stays until cleared");
  return parts.join(" · ");
}

/** Interrupts for what is new and stops the pack; waits its turn with the rest. */
function announce(faults) {
  const names = new Set(faults.map((fault) => fault.name));
  const news = faults.filter((fault) => !said.has(fault.name));
  const over = [...said].some((name) => !names.has(name));
  said = names;
  const loud = news.filter((fault) => fault.blocks.length);
  if (loud.length) put("alarm", loud.map((fault) => `Fault: ${fault.words}. ${capital(stopsOf(fault))}.`).join(" "));
  else if (news.length) put("calm", news.map((fault) => `Warning: ${fault.words}.`).join(" "));
  if (over && !faults.length) {
    put("alarm", "");
    put("calm", "All faults are over.");
  }
}
