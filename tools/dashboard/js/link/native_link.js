// Talks to Cellwarden's own service over any pipe: watches, and commands once the key has been proved.

import { Proof } from "../key.js";
import { blankAbout } from "../state.js";
import {
  ABOUT, ANSWER, DO, EVENTS, Frames, HEALTH, HELLO, LEAVE, MAY_READ, NAMES, PROVE, TOLD_EVENT, TOLD_FAULTS, TOLD_LIVE, WATCH,
  decodeAbout, decodeNames, frame,
} from "./native_frame.js";
import { NativeState } from "./native_state.js";

const ANSWER_MS = 4000;
const PERIOD_MS = 500;
const FRAMES_N = 60; // as many as one may ask for
const RENEW_N = 40; // told so many: ask again, before they are used up
const AGAIN_MS = 8000; // also keeps the link from being dropped as idle
const EVENTS_N = 40; // of the past; with these and the faults some frames are left for readings
const REQUEST = 1;
const TIME = 7;
const REQUESTS = { on: 1, off: 2, clear: 16 };
const PERIOD_N = 2; // bytes
const STATUS = [
  "", "not understood", "locked: unlock with the key of this pack", "this pack has no key yet: it is set at its prompt",
  "a wrong key was tried", "that is not the key of this pack", "a request that was here before", "this pack does not know that",
];
const CLOSED = 2;
const WAIT = 4;

const little = (value, n) => Array.from({ length: n }, (_, i) => Math.floor(value / 256 ** i) % 256);

const now = () => little(Math.floor(Date.now() / 1000), 4);

export class NativeLink {
  kind = "native";
  control = true;
  #pipe;
  #hear = null;
  #frames = new Frames();
  #states = new NativeState();
  #waiting = null; // {kind, resolve}
  #turn = Promise.resolve(); // one question at a time
  #timer = null;
  #proof = null;
  #open = false;
  #told_n = 0; // frames since the last asking
  #held = []; // events that came before the board's clock is known

  constructor(pipe) {
    this.#pipe = pipe;
    this.title = pipe.title;
  }

  async open(hear) {
    this.#hear = hear;
    await this.#pipe.open({ bytes: (bytes) => this.#take(bytes), lost: (words) => this.#lose(words) });
    this.#open = true;
    this.#begin().catch((error) => this.#fail(error));
  }

  async close() {
    this.#end();
    await this.#pipe.close();
  }

  /** Prove the key; throws with words when it is refused. */
  async unlock(key) {
    const proof = new Proof(key);
    const challenge = await this.#obeyed(HELLO, [...proof.nonce]);
    const answer = await this.#obeyed(PROVE, [...(await proof.unlock(challenge))]);
    if (!(await proof.check(answer))) throw new Error("that pack does not know its own key");
    this.#proof = proof;
    await this.#command([TIME, ...now()]).catch(() => {}); // an older firmware does not take it
    if (!this.#timer) await this.#begin(); // reads were closed until now
  }

  lock() {
    this.#proof = null;
    this.#ask(LEAVE).catch(() => {});
  }

  /** Ask the pack for "on", "off" or "clear"; throws with words when it is refused. */
  async request(name) {
    if (!this.#proof) throw new Error(STATUS[CLOSED]);
    await this.#command([REQUEST, REQUESTS[name]]);
  }

  async #command(command) {
    const { body, proof } = await this.#proof.command((counter) => Uint8Array.from([...little(counter, 4), ...command]));
    await this.#obeyed(DO, [...body, ...proof]);
  }

  async #begin() {
    const data = await this.#ask(ABOUT);
    const about = decodeAbout(data);
    if (!(about.access & MAY_READ)) {
      this.#hear.about({ ...blankAbout(), name: this.title });
      this.#hear.problem("This pack tells nothing to strangers: unlock with its key.");
      return;
    }
    this.#states.rows = await this.#names(about.row_n);
    this.#hear.about(this.#states.about(data));
    await this.#watch(); // begins with the faults
    await this.#obeyed(EVENTS, little(Math.max(about.first_event, about.next_event - EVENTS_N), 4));
    this.#timer = setInterval(() => this.#watch().catch((error) => this.#fail(error)), AGAIN_MS);
  }

  async #names(row_n) {
    const names = [];
    while (names.length < row_n) {
      const told = decodeNames(await this.#ask(NAMES, [names.length]));
      if (!told.names.length) throw new Error("the pack's names end too early");
      names.push(...told.names);
    }
    return names;
  }

  async #watch() {
    this.#told_n = 0;
    const answer = await this.#obeyed(WATCH, [...little(PERIOD_MS, PERIOD_N), FRAMES_N]);
    const [status, ...data] = await this.#ask(HEALTH);
    if (!status) this.#states.health(Uint8Array.from(data)); // an older firmware does not know that
    return answer;
  }

  /** The answer behind its status; throws with words when that is not 0. */
  async #obeyed(kind, data) {
    const [status, ...rest] = await this.#ask(kind, data);
    if (status === CLOSED) {
      this.#proof = null;
      this.#hear.locked();
    }
    if (status === WAIT) throw new Error(`${STATUS[WAIT]}: wait ${rest[0] + rest[1] * 256} s`);
    if (status) throw new Error(STATUS[status] ?? `refused (${status})`);
    return Uint8Array.from(rest);
  }

  /** The data of the answer; waits for its turn. */
  #ask(kind, data = []) {
    const answer = this.#turn.then(() => this.#exchange(kind, data));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async #exchange(kind, data) {
    let timer;
    const answer = new Promise((resolve) => {
      this.#waiting = { kind: kind | ANSWER, resolve };
      timer = setTimeout(resolve, ANSWER_MS, null);
    });
    await this.#pipe.write(frame(kind, data));
    const found = await answer;
    clearTimeout(timer);
    this.#waiting = null;
    if (!found) throw new Error("the pack does not answer");
    return found;
  }

  #take(bytes) {
    for (const { kind, data } of this.#frames.put(bytes)) {
      if (kind >= TOLD_LIVE && ++this.#told_n === RENEW_N) this.#watch().catch((error) => this.#fail(error));
      if (kind === this.#waiting?.kind) this.#waiting.resolve(data);
      else if (kind === TOLD_FAULTS) this.#states.faults(data);
      else if (kind === TOLD_LIVE) this.#show(data);
      else if (kind === TOLD_EVENT) this.#tell(data);
    }
  }

  #show(data) {
    this.#hear.state(this.#states.live(data, Date.now() / 1000));
    const held = this.#held;
    this.#held = null;
    for (const event of held ?? []) this.#hear.event(this.#states.event(event));
  }

  #tell(data) {
    if (this.#held) this.#held.push(data);
    else this.#hear.event(this.#states.event(data));
  }

  async #fail(error) {
    if (!this.#open) return;
    await this.#pipe.close().catch(() => {});
    this.#lose(error.message);
  }

  #lose(words) {
    if (!this.#open) return;
    this.#end();
    this.#hear.lost(words);
  }

  #end() {
    this.#open = false;
    clearInterval(this.#timer);
    this.#waiting?.resolve(null);
  }
}
