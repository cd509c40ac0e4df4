// Bytes to and from a serial port by Web Serial: a USB adapter at the UART of a JBD board, or a USB board.

const LINE = { baudRate: 9600, dataBits: 8, stopBits: 1, parity: "none" };

export const canSerial = () => "serial" in navigator;

/** Let the person choose a port. Needs a press of a button. */
export const choosePort = () => navigator.serial.requestPort();

export class SerialPipe {
  #port;
  #reader = null;
  #writer = null;
  #hear = null;

  constructor(port) {
    this.#port = port;
    this.title = "Battery on a cable";
  }

  async open(hear) {
    this.#hear = hear;
    await this.#port.open(LINE);
    this.#writer = this.#port.writable.getWriter();
    this.#reader = this.#port.readable.getReader();
    this.#listen();
  }

  async #listen() {
    let words = "the cable was pulled";
    try {
      for (;;) {
        const { value, done } = await this.#reader.read();
        if (done) break;
        this.#hear?.bytes(value);
      }
    } catch (error) {
      words = `the cable: ${error.message}`;
    }
    this.#hear?.lost(words);
  }

  async write(bytes) {
    await this.#writer.write(bytes);
  }

  async close() {
    this.#hear = null;
    await this.#reader?.cancel().catch(() => {});
    this.#reader?.releaseLock();
    this.#writer?.releaseLock();
    await this.#port.close().catch(() => {});
  }
}
