// Reads a JBD board over any pipe: asks basic and cells in turn, once a second, one question at a time.
// A pipe has open(hear), write(bytes), close(); it calls hear.bytes(bytes) and hear.lost(words).

import { blankAbout } from "../state.js";
import { BASIC, CELLS, NAME, Replies, decodeBasic, decodeCells, decodeName, request } from "./jbd_frame.js";
import { JbdState } from "./jbd_state.js";

const ANSWER_MS = 1500; // 95 % of real modules answer within 0.11 s; the first question may stay unanswered
const PERIOD_MS = 1000;
const SILENT_N = 6; // unanswered in a row: nobody there who speaks this

export class JbdLink {
  kind = "jbd";
  control = false; // the protocol knows no key
  #pipe;
  #hear = null;
  #replies = new Replies();
  #states = new JbdState();
  #waiting = null; // {register, resolve}
  #open = false;
  #silent = 0;

  constructor(pipe) {
    this.#pipe = pipe;
    this.title = pipe.title;
  }

  /** Connect and go on reading until closed. */
  async open(hear) {
    this.#hear = hear;
    await this.#pipe.open({ bytes: (bytes) => this.#take(bytes), lost: (words) => this.#lose(words) });
    this.#open = true;
    this.#run();
  }

  async close() {
    this.#open = false;
    this.#waiting?.resolve(null);
    await this.#pipe.close();
  }

  #lose(words) {
    if (!this.#open) return;
    this.#open = false;
    this.#waiting?.resolve(null);
    this.#hear.lost(words);
  }

  #take(bytes) {
    for (const reply of this.#replies.put(bytes)) {
      if (this.#waiting?.register === reply.register) this.#waiting.resolve(reply);
    }
  }

  /** The data of a register, or null without a good answer in time. */
  async #ask(register) {
    this.#replies.forget();
    let timer;
    const answer = new Promise((resolve) => {
      this.#waiting = { register, resolve };
      timer = setTimeout(resolve, ANSWER_MS, null);
    });
    await this.#pipe.write(request(register));
    const reply = await answer;
    clearTimeout(timer);
    this.#waiting = null;
    this.#silent = reply ? 0 : this.#silent + 1;
    if (this.#silent >= SILENT_N) throw new Error("no answer: is this a JBD battery, and is it awake?");
    return reply && reply.status === 0 ? reply.data : null;
  }

  async #run() {
    try {
      await this.#introduce();
      while (this.#open) {
        const began = Date.now();
        await this.#read();
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, PERIOD_MS - (Date.now() - began))));
      }
    } catch (error) {
      const words = error.message;
      await this.#pipe.close().catch(() => {});
      this.#lose(words);
    }
  }

  async #introduce() {
    const data = (await this.#ask(NAME)) ?? (await this.#ask(NAME));
    this.#hear.about({ ...blankAbout(), name: (data && decodeName(data)) || this.title });
  }

  async #read() {
    const basic = await this.#ask(BASIC);
    const cells = basic && (await this.#ask(CELLS));
    const numbers = basic && decodeBasic(basic);
    if (!numbers || !cells) return;
    const { state, events } = this.#states.take(numbers, decodeCells(cells), Date.now() / 1000);
    this.#hear.state(state);
    for (const event of events) this.#hear.event(event);
  }
}
