// What the page remembers while it is open: the history, the events, and the readings around each trip.

import { pointOf } from "./state.js";

const POINTS_MAX = 6000;
const EVENTS_MAX = 1000;
const SAME_S = 5; // the time of an event is known no better over a slow link
const BEFORE_S = 60;
const AFTER_S = 30;

export class Memory {
  points = [];
  events = []; // newest first
  #n = 0;
  #watching = []; // events whose window is still growing

  /** Start over, perhaps with a history from elsewhere. */
  begin(points = []) {
    this.points = [...points];
    this.events = [];
    this.#watching = [];
  }

  /** Note a state; false when it is none newer than the last. */
  add(state) {
    const last = this.points[this.points.length - 1];
    if (last && state.t_s <= last.t_s) return false;
    const point = pointOf(state);
    this.points.push(point);
    if (this.points.length > POINTS_MAX) this.#thin();
    this.#watching = this.#watching.filter((event) => {
      if (point.t_s > event.t_s + AFTER_S) return false;
      event.points.push(point);
      return true;
    });
    return true;
  }

  /** Note an event. One that takes a FET away keeps the readings around it. */
  note(event) {
    if (this.events.some((old) => isSame(old, event))) return null; // a link that came back tells it again
    const kept = { n: this.#n++, ...event };
    if (isTrip(kept)) {
      kept.points = this.points.filter((point) => point.t_s >= kept.t_s - BEFORE_S && point.t_s <= kept.t_s + AFTER_S);
      this.#watching.push(kept);
    }
    this.events.unshift(kept);
    if (this.events.length > EVENTS_MAX) this.events.pop();
    return kept;
  }

  /** The older half keeps every second point: the past fades, it does not end. */
  #thin() {
    const half = this.points.length >> 1;
    this.points = this.points.filter((_, i) => i >= half || i % 2 === 0);
  }
}

/** The same record of the same run? A board that starts again counts from 0 again. */
function isSame(old, event) {
  return event.n !== undefined && old.n === event.n && old.words === event.words && Math.abs(old.t_s - event.t_s) < SAME_S;
}

/** Did something trip or lock? */
export function isTrip(event) {
  return event.kind === "trip" || event.kind === "lock";
}
