// How a link comes about: the demo by itself, Bluetooth and cable after a press of a button. A link that
// breaks is tried again, more and more slowly, until the person leaves.

import { $, put } from "./dom.js";
import { BlePipe, JBD, NATIVE, canBluetooth, chooseDevice, isNative } from "./link/ble_pipe.js";
import { DemoLink } from "./link/demo_link.js";
import { JbdLink } from "./link/jbd_link.js";
import { NativeLink } from "./link/native_link.js";
import { SerialPipe, canSerial, choosePort } from "./link/serial_pipe.js";

const AGAIN_MS = [1000, 2000, 4000, 8000, 15000, 30000];
let hear = null;
let show = null;
let lose = null;

/** Call once: `hear` is told what links say, `show(link)` that there is one, `lose(words)` what is wrong. */
export function startConnect(hearing, showing, losing) {
  [hear, show, lose] = [hearing, showing, losing];
  $("by-bluetooth").disabled = !canBluetooth();
  $("by-serial").disabled = !canSerial();
  const missing = [canBluetooth() ? "" : "Bluetooth", canSerial() ? "" : "a cable"].filter(Boolean);
  put("unable", missing.length ? `This browser cannot use ${missing.join(" or ")}. Chrome and Edge can, on Android, Windows, macOS, ` +
    "ChromeOS and (Bluetooth behind a flag) Linux; on an iPhone the browser Bluefy has Bluetooth." : "");
  $("by-bluetooth").addEventListener("click", () => connect("bluetooth"));
  $("by-serial").addEventListener("click", () => connect("serial"));
}

/** Address of the demo's WebSocket when a demo serves this page, else null. */
export function demoAddress() {
  const path = document.documentElement.dataset.demo;
  return path ? new URL(path, location.href).href.replace(/^http/, "ws") : null;
}

const WAYS = {
  demo: async () => () => new DemoLink(demoAddress()),
  bluetooth: async () => {
    const device = await chooseDevice();
    return async () => (await isNative(device)) ? new NativeLink(new BlePipe(device, NATIVE)) : new JbdLink(new BlePipe(device, JBD));
  },
  serial: async () => {
    const port = await choosePort();
    return () => new JbdLink(new SerialPipe(port));
  },
};

/** Choose a device, open a link to it, and keep it open until the person leaves. */
export async function connect(way) {
  let make;
  try {
    make = await WAYS[way]();
  } catch (error) {
    if (error.name !== "NotFoundError") lose(`Not connected: ${error.message}`);
    return; // NotFoundError: the person chose nothing
  }
  await keep(make).catch((error) => lose(`Not connected: ${error.message}`));
}

async function keep(make) {
  let left = false;
  let opened = false;
  for (let tries = 0; !left; tries++) {
    let words;
    try {
      const link = await make();
      const ended = new Promise((resolve) => {
        const close = link.close.bind(link);
        link.close = () => {
          left = true;
          resolve("");
          return close();
        };
        const state = (...news) => {
          tries = 0;
          hear.state(...news);
        };
        link.told = { ...hear, state, lost: resolve };
      });
      await link.open(link.told);
      opened = true;
      show(link);
      words = await ended;
    } catch (error) {
      if (!opened) throw error; // the first time the person is told, and presses again
      words = error.message;
    }
    if (left) return;
    hear.waiting(`${words[0].toUpperCase()}${words.slice(1)}. Trying again …`.replace("?.", "?"));
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]));
  }
}
