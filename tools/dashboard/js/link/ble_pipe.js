// Bytes to and from a board by Web Bluetooth: one characteristic takes them, one notifies them in pieces.

import * as native from "./native_frame.js";

const CHUNK = 20; // without a larger MTU no more goes into one write

export const JBD = { service: 0xff00, from: 0xff01, to: 0xff02 };
export const NATIVE = { service: native.SERVICE, from: native.FROM_PACK, to: native.TO_PACK };

export const canBluetooth = () => "bluetooth" in navigator;

/** Let the person choose a device; a promise of a BluetoothDevice. Needs a press of a button. */
export function chooseDevice() {
  const filters = [{ services: [JBD.service] }, { services: [NATIVE.service] }, { namePrefix: "JBD-" }];
  return navigator.bluetooth.requestDevice({ filters, optionalServices: [JBD.service, NATIVE.service] });
}

/** Has this device our own service? JBD is for all others. */
export async function isNative(device) {
  const server = await device.gatt.connect();
  return server.getPrimaryService(NATIVE.service).then(() => true, () => false);
}

export class BlePipe {
  #device;
  #where;
  #to = null;
  #from = null;
  #hear = null;
  #lost = () => this.#hear?.lost("the Bluetooth connection broke");
  #notified = ({ target: { value } }) => this.#hear?.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));

  /** `where`: JBD or NATIVE. */
  constructor(device, where) {
    this.#device = device;
    this.#where = where;
    this.title = device.name || "Bluetooth battery";
  }

  async open(hear) {
    this.#hear = hear;
    this.#device.addEventListener("gattserverdisconnected", this.#lost);
    const server = await this.#device.gatt.connect();
    const service = await server.getPrimaryService(this.#where.service);
    this.#from = await service.getCharacteristic(this.#where.from);
    this.#to = await service.getCharacteristic(this.#where.to);
    this.#from.addEventListener("characteristicvaluechanged", this.#notified);
    await this.#from.startNotifications();
  }

  async write(bytes) {
    const quick = this.#to.properties.writeWithoutResponse;
    for (let i = 0; i < bytes.length; i += CHUNK) {
      const part = bytes.slice(i, i + CHUNK);
      await (quick ? this.#to.writeValueWithoutResponse(part) : this.#to.writeValueWithResponse(part));
    }
  }

  async close() {
    this.#hear = null;
    this.#from?.removeEventListener("characteristicvaluechanged", this.#notified);
    this.#device.removeEventListener("gattserverdisconnected", this.#lost);
    this.#device.gatt.disconnect();
  }
}
