// Frames of Cellwarden's own service: C3, type, n, n bytes, CRC-8 of all before it; little endian.
// The other side is firmware/bms/report/ble_native.py and ble_tell.py; docs/ble.md has the list.

const START = 0xc3;
const HEAD_N = 3;

export const SERVICE = "e6440000-415c-491c-bb18-1cb87e010a08";
export const FROM_PACK = "e6440001-415c-491c-bb18-1cb87e010a08";
export const TO_PACK = "e6440002-415c-491c-bb18-1cb87e010a08";

// requests; an answer has the top bit set
export const [ABOUT, WATCH, EVENTS, NAMES, HEALTH] = [0x01, 0x02, 0x04, 0x05, 0x06];
export const [HELLO, PROVE, DO, LEAVE] = [0x10, 0x11, 0x12, 0x13];
export const ANSWER = 0x80;
// what a watcher is told
export const [TOLD_LIVE, TOLD_FAULTS, TOLD_EVENT] = [0xc0, 0xc1, 0xc2];
// bits of `access`
export const [HAS_KEY, IS_OPEN, MAY_READ] = [1, 2, 4];

function crc8(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x07 : 0)) & 0xff;
  }
  return crc;
}

/** A frame to send. */
export function frame(kind, data = []) {
  const body = [START, kind, data.length, ...data];
  return Uint8Array.from([...body, crc8(body)]);
}

/** Finds frames in a stream of bytes, however they are cut. */
export class Frames {
  #bytes = [];

  /** Take some bytes; [{kind, data}] that are complete now. */
  put(bytes) {
    this.#bytes.push(...bytes);
    const found = [];
    while (this.#bytes.length) {
      const n = this.#bytes[0] !== START ? 0 : this.#bytes.length < HEAD_N ? HEAD_N : HEAD_N + this.#bytes[2] + 1;
      if (n > this.#bytes.length) break;
      if (n && crc8(this.#bytes.slice(0, n - 1)) === this.#bytes[n - 1]) {
        const whole = this.#bytes.splice(0, n);
        found.push({ kind: whole[1], data: Uint8Array.from(whole.slice(HEAD_N, n - 1)) });
      } else {
        this.#bytes.shift(); // no frame begins here
      }
    }
    return found;
  }

  /** What has begun does not go on. */
  forget() {
    this.#bytes = [];
  }
}

/** Reads numbers one after another. `layout`: name and width in bytes, negative = signed. */
class Reader {
  #view;
  #at = 0;

  constructor(data) {
    this.#view = new DataView(data.buffer, data.byteOffset, data.length);
  }

  number(width) {
    const at = this.#at;
    this.#at += Math.abs(width);
    switch (width) {
      case 1: return this.#view.getUint8(at);
      case -1: return this.#view.getInt8(at);
      case 2: return this.#view.getUint16(at, true);
      case -2: return this.#view.getInt16(at, true);
      case 4: return this.#view.getUint32(at, true);
      default: return this.#view.getInt32(at, true);
    }
  }

  fields(layout) {
    return Object.fromEntries(layout.map(([name, width]) => [name, this.number(width)]));
  }

  list(width) {
    return Array.from({ length: this.number(1) }, () => this.number(width));
  }

  text() {
    return new TextDecoder().decode(this.#view.buffer.slice(this.#view.byteOffset + this.#at));
  }

  get left() {
    return this.#view.byteLength - this.#at;
  }
}

const widths = (names, width) => names.split(" ").map((name) => [name, width]);

const LIVE = [
  ["seq", 2], ["uptime_s", 4], ["age_ms", 2], ...widths("mode flags intent fets user_off outputs", 1),
  ["stack_mv", 4], ["pack_mv", 4], ["pack_ma", -4], ...widths("soc_pm soc_lo_pm soc_hi_pm", 2),
  ["remaining_mah", 4], ["capacity_mah", 4], ["cycles", 2], ...widths("cvl_mv ccl_ma dcl_ma bleeding", 4),
  ["fet_ddegc", -2], ["die_ddegc", -2],
];
const STATUS = [["protocol", 1], ["access", 1], ["wait_s", 2]];
const PACK = [
  ...widths("cell_n ntc_n row_n", 1), ["capacity_mah", 4], ["config_hash", 4],
  ...widths("cuv_mv cuv_warn_mv full_mv cov_warn_mv cov_mv", 2), ["first_event", 4], ["next_event", 4],
];
const WORTH = [
  ["age_min", 4], ["energy_wh", 4], ...widths("to_empty_min to_full_min capacity_e4 sigma_e4 spans", 2),
  ["from_kind", 1], ["to_kind", 1], ["capacity_min", 4],
];
const FAULT = [["row", 1], ["state", 1], ["blocks", 1], ["cell", -1], ["value", -4], ["limit", -4]];
const EVENT = [
  ["n", 4], ["seq", 4], ["uptime_s", 4], ["uptime_ms", 2], ["kind", 1], ["item", 1], ["cell", -1], ["mode", 1],
  ["soc_pm", 2], ["value", -4], ["limit", -4], ["intent", 1], ["actual", 1], ["scan", 2], ["config", 2],
];

export function decodeLive(data) {
  const reader = new Reader(data);
  return { ...reader.fields(LIVE), cells: reader.list(2), temps: reader.list(-2) };
}

/** The beginning of what a pack says of its health: what is left, what it is worth, by what evidence. */
export const decodeHealth = (data) => new Reader(data).fields(WORTH);

/** Without `name` and all else while reads are closed. */
export function decodeAbout(data) {
  const reader = new Reader(data);
  const status = reader.fields(STATUS);
  return reader.left ? { ...status, ...reader.fields(PACK), name: reader.text() } : status;
}

export function decodeFaults(data) {
  const reader = new Reader(data);
  return Array.from({ length: reader.number(1) }, () => reader.fields(FAULT));
}

export const decodeEvent = (data) => new Reader(data).fields(EVENT);

/** Names of fault rows from a first one on. */
export function decodeNames(data) {
  const reader = new Reader(data);
  const [row_n, first] = [reader.number(1), reader.number(1)];
  return { row_n, first, names: reader.text().split(",").filter(Boolean) };
}
