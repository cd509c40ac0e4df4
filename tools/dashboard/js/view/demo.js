// Trouble for the simulated pack. This panel exists in the demo only.

import { $, choice, makeButton, press, put } from "../dom.js";
import { clock, spell } from "../format.js";

/** Another link: build the switches, or hide them. */
export function startDemo(about, link) {
  const demo = about.demo;
  $("demo").hidden = $("nav-demo").hidden = !demo;
  if (!demo) return;
  $("mischief").replaceChildren(...demo.mischief.map((one) => trouble(one, link)));
  const label = (name) => (name === "auto" && demo.trace ? "the trace alone" : name);
  choice("sources", demo.sources.map((name) => [name, label(name)]), (name) => link.wish({ do: "source", name }));
  choice("speeds", demo.speeds.map((speed) => [speed, speed === null ? "max" : `${speed}×`]), (name) => link.wish({ do: "speed", name }));
  put("jbd", demo.jbd ? `JBD tools: open ${demo.jbd}` : "");
  put("key-hint", `The key of this simulated pack: ${demo.key}`);
}

function trouble(one, link) {
  const button = makeButton("", spell(one.name), () => {
    link.wish({ do: "mischief", name: one.name, on: button.getAttribute("aria-pressed") !== "true" });
    put("hint", one.words);
  });
  button.title = one.words;
  button.dataset.value = one.name;
  button.addEventListener("pointerenter", () => put("hint", one.words));
  return button;
}

export function drawDemo(about, { run, mischief, source, truth }) {
  press("speeds", (value) => value === String(run.speed));
  press("sources", (value) => value === source);
  press("mischief", (value) => mischief.includes(value));
  const progress = run.progress === null ? "" : `, ${about.demo.trace ?? "run"} ${(run.progress * 100).toFixed(1)} % done`;
  put("rate", `${run.speedup >= 10 ? Math.round(run.speedup) : run.speedup}× real time${progress}`);
  put("truth", `What physically happened since the start: cells ${truth.cell_v_min.toFixed(3)} to ${truth.cell_v_max.toFixed(3)} V, ` +
    `−${truth.discharge_a_max} to +${truth.charge_a_max} A, at most ${truth.temp_c_max} °C, ${truth.cold_ah} Ah charged below 0 °C; ` +
    `SoC in truth ${(truth.soc_pm / 10).toFixed(1)} %`);
}

/** The simulation's own clock, in words. */
export const simulated = (t_s) => `${clock(t_s, false)} simulated`;
