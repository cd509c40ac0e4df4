// Control: locked until the key has been proved, and locked again when the link ends.

import { $, put } from "../dom.js";
import { Key, readKey } from "../key.js";

const DONE = { on: "The pack was asked to switch on.", off: "The pack was asked to switch off.", clear: "The pack was asked to clear its faults." };
let link = null;

/** Call once. */
export function startControl() {
  $("unlock").addEventListener("submit", (event) => {
    event.preventDefault();
    unlock();
  });
  $("key-show").addEventListener("click", () => showKey($("key").type === "password"));
  $("lock").addEventListener("click", () => {
    link.lock();
    showLocked();
    $("key").focus();
  });
  for (const button of document.querySelectorAll("[data-request]")) {
    button.addEventListener("click", () => (button.dataset.request === "off" ? $("sure").showModal() : request(button.dataset.request)));
  }
  $("sure-yes").addEventListener("click", () => {
    $("sure").close();
    request("off");
  });
}

/** Another link. */
export function useLink(now) {
  link = now;
  $("no-control").hidden = link.control;
  showLocked();
}

/** Nothing can be switched without the key. */
export function showLocked() {
  const left = $("unlocked").contains(document.activeElement) || $("sure").open;
  $("sure").close(); // what it asks about can no longer be done
  $("unlock").hidden = !link.control;
  $("unlocked").hidden = true;
  if (left) $("control-title").focus();
  put("lock-state", link.control ? "locked" : "");
  put("said", "");
}

/** 32 digits are typed more surely when they can be read. */
function showKey(shown) {
  $("key").type = shown ? "text" : "password";
  $("key-show").setAttribute("aria-pressed", String(shown));
}

const sentence = (words) => words[0].toUpperCase() + words.slice(1).replace(/\.?$/, ".");

async function unlock() {
  const bytes = readKey($("key").value);
  if (!bytes) return refuse("A key has 32 hexadecimal digits.");
  put("key-problem", "");
  try {
    await link.unlock(await Key.from(bytes));
  } catch (error) {
    return refuse(error.message);
  }
  $("key").value = "";
  showKey(false);
  $("unlock").hidden = true;
  $("unlocked").hidden = false;
  put("lock-state", "unlocked for this page");
  $("unlocked").querySelector("button").focus();
}

function refuse(words) {
  put("key-problem", ""); // so that the same words are said again
  requestAnimationFrame(() => put("key-problem", sentence(words)));
  $("key").select();
}

async function request(name) {
  try {
    await link.request(name);
    put("said", DONE[name]);
  } catch (error) {
    const words = sentence(error.message);
    if ($("unlocked").hidden) refuse(words); // it was locked meanwhile
    else put("said", words);
  }
}
