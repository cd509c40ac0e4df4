// The event log; what took a FET away can be looked at with the readings around it.

import { $, make, makeButton, put } from "../dom.js";
import { clock, tight } from "../format.js";
import { isTrip } from "../memory.js";

const SHOWN = 100;
let drawn = null;

/** `events`: newest first; `look(event)` opens the readings around one. */
export function drawEvents(events, wall, look) {
  const key = events.length ? `${events[0].n} ${events.length}` : "none";
  if (key === drawn) return;
  drawn = key;
  put("event-n", events.length === 1 ? "1 record" : `${events.length} records`);
  $("event-list").replaceChildren(...events.slice(0, SHOWN).map((event) => {
    const item = make("li", event.level);
    item.append(make("time", "", clock(event.t_s, wall)), make("span", "", tight(event.words)));
    if (isTrip(event) && (event.window || event.points.length)) item.append(makeButton("quiet", "What happened around it", () => look(event)));
    return item;
  }));
  if (!events.length) $("event-list").replaceChildren(make("li", "note", "Nothing has happened since this page was opened."));
}

/** Another pack. */
export function startEvents() {
  drawn = null;
}
