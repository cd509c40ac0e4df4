"use strict";
// Draws what the WebSocket pushes; sends wishes. Everything is text or an attribute, never markup.

const POINTS = 480;
const MODES = { run: "", "charge only": "warn", "discharge only": "warn", fault: "bad", off: "warn" };
const $ = (id) => document.getElementById(id);
let socket = null;
let about = null;
let points = [];
let drawnEvents = "";
let drawnFaults = "";

function put(id, text) {
  const node = $(id);
  if (node.textContent !== text) node.textContent = text;
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const volts = (mv, digits = 3) => (mv / 1000).toFixed(digits) + " V";
const amps = (ma, digits = 1) => (ma / 1000).toFixed(digits) + " A";
const signed = (ma) => (ma > 0 ? "+" : ma < 0 ? "−" : "") + Math.abs(ma / 1000).toFixed(1) + " A";
const spell = (name) => name.replaceAll("_", " ").replace(/\b(ntc|chg|dsg)\b/g, (word) => word.toUpperCase());

function clock(seconds) {
  const s = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

function send(what) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what));
}

// what is built once -----------------------------------------------------------------------------

function choice(id, items, label, wish) {
  const box = $(id);
  box.replaceChildren(...items.map((item) => {
    const button = make("button", "", label(item));
    button.type = "button";
    button.dataset.value = String(item);
    button.addEventListener("click", () => send(wish(item)));
    return button;
  }));
}

function press(id, isOn) {
  for (const button of $(id).children) {
    button.setAttribute("aria-pressed", String(isOn(button.dataset.value)));
  }
}

function scale(mv) {
  const low = about.marks.cuv_mv - 200;
  const high = about.marks.cov_mv + 60;
  return Math.min(Math.max((mv - low) / (high - low), 0), 1) * 100;
}

function buildCells() {
  const box = $("cells");
  box.replaceChildren();
  for (let i = 0; i < about.cell_n; i++) {
    const bar = make("div", "bar");
    bar.dataset.n = i + 1;
    const label = make("span");
    label.append(make("b"), make("small"), make("small", "n"));
    bar.append(make("i"), label);
    box.append(bar);
  }
  for (const [name, text] of [["cov_mv", "cov"], ["cov_warn_mv", ""], ["cuv_warn_mv", ""], ["cuv_mv", "cuv"]]) {
    const mark = make("div", name.includes("warn") ? "mark warn" : "mark");
    mark.style.bottom = `calc(3.1rem + (100% - 3.1rem) * ${scale(about.marks[name]) / 100})`;
    if (text) mark.append(make("em", "", `${text} ${(about.marks[name] / 1000).toFixed(2)}`));
    mark.title = `${spell(name.replace("_mv", ""))} ${volts(about.marks[name])}`;
    box.append(mark);
  }
}

function buildMischief() {
  $("mischief").replaceChildren(...about.mischief.map((one) => {
    const label = spell(one.name);
    const button = make("button", "", label[0].toUpperCase() + label.slice(1));
    button.type = "button";
    button.title = one.words;
    button.dataset.value = one.name;
    const tell = () => put("hint", one.words);
    button.addEventListener("mouseenter", tell);
    button.addEventListener("focus", tell);
    button.addEventListener("click", () => {
      send({ do: "mischief", name: one.name, on: button.getAttribute("aria-pressed") !== "true" });
    });
    return button;
  }));
}

function build(news) {
  about = news;
  points = news.history;
  put("name", news.name);
  choice("speeds", news.speeds, (s) => (s === null ? "max" : s + "×"), (s) => ({ do: "speed", name: s }));
  const label = (s) => (s === "auto" ? (news.trace ? "the trace alone" : "auto") : s);
  choice("sources", news.sources, label, (s) => ({ do: "source", name: s }));
  buildCells();
  buildMischief();
  put("jbd", news.jbd ? `JBD tools: open ${news.jbd}` : "");
}

// what moves ---------------------------------------------------------------------------------------

function drawHead(state) {
  const run = state.run;
  const mode = $("mode");
  put("mode", state.mode);
  mode.className = "pill " + (MODES[state.mode] ?? "warn");
  put("clock", clock(state.t_s));
  put("speedup", run.speedup >= 10 ? String(Math.round(run.speedup)) : String(run.speedup));
  press("speeds", (value) => value === String(run.speed));
  press("sources", (value) => value === state.source);
  press("mischief", (value) => state.mischief.includes(value));
  $("progress").hidden = run.progress === null;
  if (run.progress !== null) {
    const percent = (run.progress * 100).toFixed(1) + " %";
    $("progress").firstElementChild.style.width = percent;
    $("progress").lastElementChild.textContent = `${about.trace ?? "run"}: ${percent}`;
  }
}

function drawTiles(state) {
  const pack = state.pack;
  put("soc", (pack.soc_pm / 10).toFixed(1) + " %");
  put("charge", `${(pack.remaining_mah / 1000).toFixed(1)} of ${(about.capacity_mah / 1000).toFixed(0)} Ah` +
    (pack.soc_guessed ? ", guessed" : ""));
  $("ring").style.strokeDasharray = `${pack.soc_pm / 10} 100`;
  $("ring").style.stroke = pack.soc_pm < 100 ? "var(--bad)" : pack.soc_pm < 200 ? "var(--warn)" : "";
  put("stack", volts(pack.stack_mv, 2));
  put("terminal", pack.fresh ? `terminals ${volts(pack.pack_mv, 2)}` : `reading is ${pack.age_ms} ms old`);
  put("current", signed(pack.pack_ma));
  const watts = Math.round((pack.pack_ma / 1000) * (pack.stack_mv / 1000));
  put("power", `${Math.abs(watts)} W ${pack.pack_ma > 0 ? "charging" : pack.pack_ma < 0 ? "discharging" : "idle"}`);
  $("fets").replaceChildren(...state.fets.map((fet) => {
    const odd = fet.conducts && !fet.wanted;
    const chip = make("span", odd ? "odd" : fet.conducts ? "on" : "", fet.name.toUpperCase());
    chip.title = (fet.conducts ? "conducts" : "open") + (fet.wanted ? ", permitted" : ", not permitted");
    return chip;
  }));
  put("outputs", state.outputs.filter((name) => !/contactor|LED/.test(name)).join(", "));
  put("cvl", volts(state.limits.cvl_mv, 2));
  put("ccl", amps(state.limits.ccl_ma));
  put("dcl", amps(state.limits.dcl_ma));
  $("temps").replaceChildren(...state.temps.flatMap((temp) => [
    make("span", "", temp.name), make("b", "", temp.ddegc === null ? "–" : (temp.ddegc / 10).toFixed(1) + "°"),
  ]));
}

function drawCells(state) {
  const spread = state.spread;
  const mean = state.cells.reduce((sum, cell) => sum + cell.mv, 0) / state.cells.length;
  put("spread", `${volts(spread.min_mv)} to ${volts(spread.max_mv)}, spread ${spread.max_mv - spread.min_mv} mV` +
    (spread.before_bleeding ? " before bleeding, which bends the readings" : ""));
  state.cells.forEach((cell, i) => {
    const bar = $("cells").children[i];
    const [fill, label] = bar.children;
    const part = scale(cell.mv) + "%";
    fill.style.height = part;
    fill.style.setProperty("--part", part);
    const bad = cell.mv >= about.marks.cov_mv || cell.mv <= about.marks.cuv_mv;
    bar.className = "bar" + (cell.bleeds ? " bleeds" : "") +
      (bad ? " bad" : i === spread.max_i ? " high" : i === spread.min_i ? " low" : "");
    const off = Math.round(cell.mv - mean);
    label.children[0].textContent = (cell.mv / 1000).toFixed(3);
    label.children[1].textContent = `\n${off > 0 ? "+" : off < 0 ? "−" : "±"}${Math.abs(off)}`;
    label.children[2].textContent = `\n#${i + 1}`;
  });
}

function drawFaults(state) {
  $("clear").hidden = state.pack.latched === 0;
  const key = JSON.stringify(state.faults);
  if (key === drawnFaults) return;
  drawnFaults = key;
  if (!state.faults.length) {
    $("faults").replaceChildren(make("li", "none", "none: everything inside its limits"));
    return;
  }
  $("faults").replaceChildren(...state.faults.map((fault) => {
    const item = make("li", fault.blocks.length ? "bad" : "");
    const blocks = fault.blocks.map((name) => name.toUpperCase()).join(" and ");
    const parts = [blocks ? `${blocks} off` : "warning only", `since ${clock(fault.since_s)}`];
    if (fault.now) parts.push(`now ${fault.now}`);
    if (fault.latched) parts.push("stays until cleared");
    item.append(make("b", "", fault.words), make("small", "", parts.join(" · ")));
    return item;
  }));
}

function drawEvents(state) {
  const key = `${state.event_n}`;
  if (key === drawnEvents) return;
  drawnEvents = key;
  put("event-n", String(state.event_n));
  $("events").replaceChildren(...state.events.map((event) => {
    const item = make("li", event.level);
    item.append(make("time", "", clock(event.t_s)), make("span", "", event.words));
    return item;
  }));
}

function drawTruth(state) {
  const truth = state.truth;
  put("truth", `What physically happened since the start: cells ${truth.cell_v_min.toFixed(3)} to ` +
    `${truth.cell_v_max.toFixed(3)} V, −${truth.discharge_a_max} to +${truth.charge_a_max} A, at most ${truth.temp_c_max} °C, ` +
    `${truth.cold_ah} Ah charged below 0 °C, SoC now ${(truth.soc_pm / 10).toFixed(1)} %`);
}

// plots ----------------------------------------------------------------------------------------------

function path(values, low, high) {
  const last = values.length - 1;
  return values.map((v, k) => {
    const y = 96 - ((v - low) / (high - low)) * 92;
    return `${k ? "L" : "M"}${((k / last) * 100).toFixed(2)} ${y.toFixed(2)}`;
  }).join("");
}

function plot(id, lines, low, high, zero) {
  const svg = $(id);
  if (!svg.firstChild) {
    svg.setAttribute("viewBox", "0 0 100 100");
    const space = "http://www.w3.org/2000/svg";
    svg.append(document.createElementNS(space, "line"));
    for (const [name] of lines) {
      const node = document.createElementNS(space, "path");
      node.setAttribute("class", name);
      svg.append(node);
    }
  }
  const y = zero === null ? -10 : 96 - ((zero - low) / (high - low)) * 92;
  const line = svg.firstChild;
  for (const [name, value] of [["x1", 0], ["x2", 100], ["y1", y], ["y2", y]]) line.setAttribute(name, value);
  lines.forEach(([, values], k) => svg.children[k + 1].setAttribute("d", path(values, low, high)));
}

function drawPlots() {
  if (points.length < 2) return;
  const ma = points.map((p) => p[1]);
  const most = Math.max(1000, ...ma.map(Math.abs));
  plot("plot-current", [["a", ma]], -most, most, 0);
  put("plot-a", `±${amps(most, 0)}`);
  const seen = points.filter((p) => p[2] > 0);
  if (seen.length < 2) return;
  const low = Math.min(...seen.map((p) => p[2])) - 5;
  const high = Math.max(...seen.map((p) => p[3])) + 5;
  plot("plot-cells", [["hi", seen.map((p) => p[3])], ["lo", seen.map((p) => p[2])]], low, high, null);
  put("plot-v", `${volts(low, 2)} to ${volts(high, 2)}`);
  const minutes = (points[points.length - 1][0] - points[0][0]) / 60;
  put("span", minutes > 180 ? `last ${(minutes / 60).toFixed(1)} h` : `last ${minutes.toFixed(0)} min, simulated`);
}

function draw(state) {
  drawHead(state);
  drawTiles(state);
  drawCells(state);
  drawFaults(state);
  drawEvents(state);
  drawTruth(state);
}

function listen(message) {
  const news = JSON.parse(message.data);
  if (news.about) build(news.about);
  if (news.problem) put("hint", news.problem);
  if (!news.state || !about) return;
  const lastPoint = points[points.length - 1];
  if (news.point && (!lastPoint || news.point[0] !== lastPoint[0])) {
    points.push(news.point);
    if (points.length > POINTS) points.shift();
    drawPlots();
  }
  draw(news.state);
}

function connect() {
  socket = new WebSocket(`ws://${location.host}/ws`);
  socket.addEventListener("open", () => { $("lost").hidden = true; });
  socket.addEventListener("message", listen);
  socket.addEventListener("close", () => {
    $("lost").hidden = false;
    setTimeout(connect, 1500);
  });
}

$("clear").addEventListener("click", () => send({ do: "request", name: "clear" }));
connect();
