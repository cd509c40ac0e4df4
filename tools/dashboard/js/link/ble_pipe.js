// Bytes to and from a JBD module by Web Bluetooth: FF02 takes requests, FF01 notifies replies in pieces.

const SERVICE = 0xff00;
const FROM_PACK = 0xff01;
const TO_PACK = 0xff02;
const CHUNK = 20; // without a larger MTU no more goes into one write

export const canBluetooth = () => "bluetooth" in navigator;

/** Let the person choose a device; a promise of a BluetoothDevice. Needs a press of a button. */
export function chooseDevice(more = []) {
  const filters = [{ services: [SERVICE] }, { namePrefix: "JBD-" }, ...more.map((uuid) => ({ services: [uuid] }))];
  return navigator.bluetooth.requestDevice({ filters, optionalServices: [SERVICE, ...more] });
}

export class BlePipe {
  #device;
  #to = null;
  #from = null;
  #hear = null;
  #lost = () => this.#hear?.lost("the Bluetooth connection broke");
  #notified = (event) => this.#hear?.bytes(new Uint8Array(event.target.value.buffer));

  constructor(device) {
    this.#device = device;
    this.title = device.name || "Bluetooth battery";
  }

  async open(hear) {
    this.#hear = hear;
    this.#device.addEventListener("gattserverdisconnected", this.#lost);
    const server = await this.#device.gatt.connect();
    const service = await server.getPrimaryService(SERVICE);
    this.#from = await service.getCharacteristic(FROM_PACK);
    this.#to = await service.getCharacteristic(TO_PACK);
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
