// The demo's WebSocket: the simulation pushes its state, and takes wishes. Comes back by itself.

import { blank, blankAbout, spreadOf } from "../state.js";
import { Proof, fromHex, toHex } from "../key.js";

const AGAIN_MS = 1500;
const ANSWER_MS = 5000;

export class DemoLink {
  kind = "demo";
  control = true;
  title = "Demo";
  #url;
  #hear = null;
  #socket = null;
  #open = false;
  #event_n = 0; // events handed over so far
  #answers = new Map(); // kind of answer: function that waits for it
  #proof = null;

  constructor(url) {
    this.#url = url;
  }

  async open(hear) {
    this.#hear = hear;
    this.#open = true;
    this.#connect();
  }

  async close() {
    this.#open = false;
    this.#socket?.close();
  }

  /** Change the simulation: trouble, speed, what is at the terminals. No key, since it is none of the pack's. */
  wish(what) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(what));
  }

  /** Prove the key; throws with words when it is refused. */
  async unlock(key) {
    const proof = new Proof(key);
    const { challenge } = await this.#ask({ do: "challenge", nonce: toHex(proof.nonce) }, "challenge");
    const tag = await proof.unlock(fromHex(challenge));
    const { unlocked } = await this.#ask({ do: "unlock", proof: toHex(tag) }, "unlocked");
    if (!(await proof.check(fromHex(unlocked)))) throw new Error("that pack does not know its own key");
    this.#proof = proof;
  }

  lock() {
    this.#proof = null;
    this.wish({ do: "lock" });
  }

  /** Ask the pack for "on", "off" or "clear"; throws with words when it is refused. */
  async request(name) {
    if (!this.#proof) throw new Error("unlock first");
    const { counter, proof } = await this.#proof.command((number) => `${number} ${name}`);
    await this.#ask({ do: "request", name, counter, proof: toHex(proof) }, "accepted");
  }

  /** Readings around a trip, scan by scan: a promise of points. */
  async window(event) {
    if (!event.window) return null;
    const { window } = await this.#ask({ do: "window", n: event.n }, "window");
    return window.map(pointFrom);
  }

  #connect() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("message", (message) => this.#take(JSON.parse(message.data)));
    socket.addEventListener("close", () => {
      if (!this.#open) return;
      this.#proof = null;
      this.#hear.waiting("The demo has ended or the connection is lost. Trying again …");
      setTimeout(() => this.#open && this.#connect(), AGAIN_MS);
    });
  }

  /** Send, and wait for the message that has this in it, or for a problem. */
  #ask(what, kind) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle({ problem: "no answer" }), ANSWER_MS);
      const settle = (news) => {
        clearTimeout(timer);
        this.#answers.delete(kind);
        news.problem ? reject(new Error(news.problem)) : resolve(news);
      };
      this.#answers.set(kind, settle);
      this.wish(what);
    });
  }

  #take(news) {
    if (news.about) this.#begin(news.about);
    if (news.state) this.#show(news.state);
    for (const [kind, settle] of this.#answers) {
      if (kind in news || (news.problem && news.to === kind)) return settle(news);
    }
    if (news.problem) this.#hear.problem(news.problem);
    if (news.locked) this.#hear.locked?.();
  }

  #begin(about) {
    this.#event_n = 0;
    this.#hear.about({
      ...blankAbout(),
      name: about.name,
      wall: false,
      marks: about.marks,
      history: about.history.map(pointFrom),
      demo: about,
    });
  }

  #show(told) {
    const { pack, run, mischief, source, truth, events, event_n, ...rest } = told;
    const state = { ...blank(), ...rest, ...pack, spread: told.spread ?? spreadOf(told.cells) };
    this.#hear.state(state, { run, mischief, source, truth });
    const fresh_n = Math.min(event_n - this.#event_n, events.length);
    for (let i = fresh_n - 1; i >= 0; i--) this.#hear.event({ ...events[i], n: event_n - 1 - i });
    this.#event_n = event_n;
  }
}

const POINT = ["t_s", "ma", "mv", "soc_pm", "lo_pm", "hi_pm", "ddegc", "cells"];

function pointFrom(row) {
  return Object.fromEntries(POINT.map((name, i) => [name, row[i]]));
}
