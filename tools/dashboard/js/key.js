// The pack's key and what is proved with it. The key stays in this page's memory and nowhere else:
// only answers to the pack's own random challenges leave it.

const KEY_N = 16;

/** Bytes of a key typed as hexadecimal digits, in groups or not; null when it is none. */
export function readKey(text) {
  const digits = text.replace(/[\s:-]/g, "");
  return new RegExp(`^[0-9a-fA-F]{${2 * KEY_N}}$`).test(digits) ? fromHex(digits) : null;
}

export function fromHex(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A key that proves itself; the browser does not give its bytes back. */
export class Key {
  #key;

  static async from(bytes) {
    const made = new Key();
    made.#key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return made;
  }

  /** HMAC-SHA256 of the parts one after another; text as UTF-8. */
  async prove(...parts) {
    const bytes = parts.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : part));
    const whole = new Uint8Array(bytes.reduce((n, part) => n + part.length, 0));
    bytes.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return new Uint8Array(await crypto.subtle.sign("HMAC", this.#key, whole));
  }
}
