// Where a link meets the views. One link at a time; everything that it says arrives here.

import { download, eventsCsv, historyCsv } from "./csv.js";
import { $, put } from "./dom.js";
import { clock } from "./format.js";
import { connect, demoAddress, startConnect } from "./connect.js";
import { Memory } from "./memory.js";
import { blankAbout } from "./state.js";
import { startTheme } from "./theme.js";
import { drawCells, startCells } from "./view/cells.js";
import { showLocked, startControl, useLink } from "./view/control.js";
import { drawDemo, simulated, startDemo } from "./view/demo.js";
import { drawEvents, startEvents } from "./view/events.js";
import { drawFaults, startFaults } from "./view/faults.js";
import { drawHistory, redrawHistory, startHistory } from "./view/history.js";
import { drawNow } from "./view/now.js";
import { showWindow, startWindow } from "./view/window.js";

const PLOT_MS = 500; // charts are costly, and nobody reads faster
const SILENT_MS = 5000;
const memory = new Memory();
let link = null;
let about = blankAbout();
let plotted_ms = 0;
let heard_ms = 0;

const hear = {
  about(news) {
    if (news.history.length || news.name !== about.name) memory.begin(news.history); // else it only came back
    about = news;
    put("name", news.name);
    document.title = news.name === "Cellwarden" ? news.name : `${news.name} · Cellwarden`;
    startFaults();
    startEvents();
    startHistory(about);
    startDemo(about, link);
    showLocked();
  },
  state(state, extra) {
    heard_ms = Date.now();
    lose("");
    memory.add(state);
    put("clock", about.wall ? clock(state.t_s, true) : simulated(state.t_s));
    drawFaults(state, about.wall);
    drawNow(state);
    drawCells(state, about.marks);
    if (extra) drawDemo(about, extra);
    if (heard_ms - plotted_ms > PLOT_MS) {
      plotted_ms = heard_ms;
      drawHistory(memory.points, about);
    }
    drawEvents(memory.events, about.wall, look);
  },
  event(event) {
    memory.note(event);
    drawEvents(memory.events, about.wall, look);
  },
  waiting: (words) => {
    lose(words);
    showLocked();
  },
  problem: (words) => lose(words),
  locked: () => showLocked(),
};

function lose(words) {
  $("lost").hidden = !words;
  put("lost", words);
}

/** Show this link's pack. */
export function show(now) {
  link = now;
  useLink(link);
  $("connect").hidden = true;
  $("pack").hidden = $("nav").hidden = false;
  $("leave").hidden = link.kind === "demo";
  heard_ms = Date.now();
}

function leave() {
  link?.close();
  link = null;
  lose("");
  put("name", "Cellwarden");
  $("mode").hidden = $("pack").hidden = $("nav").hidden = $("leave").hidden = true;
  $("connect").hidden = false;
  put("clock", "");
}

async function look(event) {
  let fetched = null;
  try {
    fetched = (await link.window?.(event)) ?? null;
  } catch {
    // the page's own readings will do
  }
  showWindow(event, fetched, about);
}

function watch() {
  const silent_ms = Date.now() - heard_ms;
  if (link && !document.hidden && silent_ms > SILENT_MS && $("lost").hidden) {
    lose(`Nothing heard for ${Math.round(silent_ms / 1000)} s: what is shown is old.`);
  }
}

function start() {
  startTheme(redrawHistory);
  startCells();
  startControl();
  startWindow();
  $("leave").addEventListener("click", leave);
  $("history-csv").addEventListener("click", () => download("cellwarden-history.csv", historyCsv(memory.points, about.wall)));
  $("events-csv").addEventListener("click", () => download("cellwarden-events.csv", eventsCsv(memory.events, about.wall)));
  setInterval(watch, 1000);
  startConnect(hear, show, lose);
  if (demoAddress()) connect("demo");
  else $("connect").hidden = false;
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => {}); // then without
}

start();
