// The pack's key and what is proved with it; the other side is lib/auth.py. The key stays in this page's
// memory and nowhere else: only proofs over fresh random numbers of both sides leave it.

const KEY_N = 16;
const NONCE_N = 8;
const TAG_N = 16;
const CLIENT = "cellwarden unlock";
const DEVICE = "cellwarden pack";
const COMMAND = "cellwarden do";

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

/** A key; the browser does not give its bytes back. */
export class Key {
  #key;

  static async from(bytes) {
    const made = new Key();
    made.#key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return made;
  }

  /** HMAC-SHA256 of the parts one after another, cut to 16 bytes. */
  async tag(...parts) {
    const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
    return new Uint8Array(await crypto.subtle.sign("HMAC", this.#key, whole)).slice(0, TAG_N);
  }
}

/** One link's proof: `nonce` to the pack, its challenge back, then `unlock`, `check`, and `command` for each. */
export class Proof {
  nonce = crypto.getRandomValues(new Uint8Array(NONCE_N));
  #key;
  #both = null;
  #counter = 0;

  constructor(key) {
    this.#key = key;
  }

  /** What answers this challenge. */
  unlock(challenge) {
    this.#both = [challenge, this.nonce];
    return this.#key.tag(CLIENT, ...this.#both);
  }

  /** Does the other side know the key as well? */
  async check(proof) {
    return toHex(await this.#key.tag(DEVICE, ...this.#both)) === toHex(proof);
  }

  /** The next counter, and the proof over what `bodyOf(counter)` makes of it. */
  async command(bodyOf) {
    this.#counter += 1;
    const body = bodyOf(this.#counter);
    return { counter: this.#counter, body, proof: await this.#key.tag(COMMAND, ...this.#both, body) };
  }
}
