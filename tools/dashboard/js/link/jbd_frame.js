// Frames of the JBD protocol, on the side of the reader; lib/jbd.py is the other side.
// A reply is DD, register, status, length, data, checksum, 77; it may come in pieces of any size.

const START = 0xdd;
const END = 0x77;
const READ = 0xa5;
const FRAME_MAX = 160; // longer than any reply that is asked for here
const KELVIN_0 = 2731;

export const BASIC = 0x03;
export const CELLS = 0x04;
export const NAME = 0x05;

function checksum(bytes, first, last) {
  let total = 0;
  for (let i = first; i < last; i++) total += bytes[i];
  return -total & 0xffff;
}

/** The bytes that ask for a register. */
export function request(register) {
  const frame = [START, READ, register, 0];
  const sum = checksum(frame, 2, 4);
  return Uint8Array.from([...frame, sum >> 8, sum & 0xff, END]);
}

/** Finds replies in a stream of bytes, whatever else is in there. */
export class Replies {
  #bytes = [];

  /** Take some bytes; the replies that are complete now. */
  put(bytes) {
    this.#bytes.push(...bytes);
    const found = [];
    while (this.#bytes.length) {
      const n = this.#length();
      if (n > this.#bytes.length) break;
      if (n && this.#sound(n)) {
        const frame = this.#bytes.splice(0, n);
        found.push({ register: frame[1], status: frame[2], data: Uint8Array.from(frame.slice(4, n - 3)) });
      } else {
        this.#bytes.shift(); // no reply begins here
      }
    }
    return found;
  }

  /** What has begun does not go on. */
  forget() {
    this.#bytes = [];
  }

  /** Bytes that the frame at the front has, or those needed to know; 0: it is none. */
  #length() {
    if (this.#bytes[0] !== START) return 0;
    if (this.#bytes.length < 4) return 4;
    const n = this.#bytes[3] + 7;
    return n > FRAME_MAX ? 0 : n;
  }

  #sound(n) {
    const frame = this.#bytes;
    return frame[n - 1] === END && ((frame[n - 3] << 8) | frame[n - 2]) === checksum(frame, 2, n - 3);
  }
}

/** Register 03 as numbers with units, or null when it is too short to be that. */
export function decodeBasic(data) {
  if (data.length < 23 || data.length < 23 + 2 * data[22]) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const bleeding = view.getUint16(12) + view.getUint16(14) * 0x10000;
  const temps = [];
  for (let i = 0; i < data[22]; i++) temps.push(view.getUint16(23 + 2 * i) - KELVIN_0);
  return {
    stack_mv: view.getUint16(0) * 10,
    pack_ma: view.getInt16(2) * 10,
    remaining_mah: view.getUint16(4) * 10,
    capacity_mah: view.getUint16(6) * 10,
    cycles: view.getUint16(8),
    bleeding,
    protection: view.getUint16(16),
    soc_pm: data[19] * 10,
    chg: (data[20] & 1) !== 0,
    dsg: (data[20] & 2) !== 0,
    cell_n: data[21],
    temp_ddegc: temps,
  };
}

/** Register 04: mV of every cell. */
export function decodeCells(data) {
  const found = [];
  for (let i = 0; i + 1 < data.length; i += 2) found.push((data[i] << 8) | data[i + 1]);
  return found;
}

/** Register 05: what the board calls itself. */
export function decodeName(data) {
  return String.fromCharCode(...data).replace(/[^\x20-\x7e]/g, "").trim();
}
