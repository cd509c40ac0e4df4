// Offline: the files of this page come from the net while there is one, else from the last visit.
// Nothing else is touched, and nothing is fetched that the page would not fetch itself.

const CACHE = "cellwarden";
const PATIENCE_MS = 3000; // a net that hangs is none
const FILES = [
  "./",
  "css/base.css",
  "css/now.css",
  "css/panels.css",
  "icon.png",
  "icon.svg",
  "index.html",
  "js/chart.js",
  "js/connect.js",
  "js/csv.js",
  "js/dom.js",
  "js/format.js",
  "js/key.js",
  "js/link/ble_pipe.js",
  "js/link/demo_link.js",
  "js/link/jbd_frame.js",
  "js/link/jbd_link.js",
  "js/link/jbd_state.js",
  "js/link/native_frame.js",
  "js/link/native_link.js",
  "js/link/native_state.js",
  "js/link/serial_pipe.js",
  "js/main.js",
  "js/memory.js",
  "js/state.js",
  "js/theme.js",
  "js/view/cells.js",
  "js/view/control.js",
  "js/view/demo.js",
  "js/view/events.js",
  "js/view/faults.js",
  "js/view/history.js",
  "js/view/now.js",
  "js/view/plots.js",
  "js/view/window.js",
  "js/words.js",
  "manifest.webmanifest",
];
const addresses = new Set(FILES.map((file) => new URL(file, self.registration.scope).href));

self.addEventListener("install", (event) => {
  const fetched = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fetched)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const address = event.request.url.split(/[?#]/)[0];
  if (event.request.method === "GET" && addresses.has(address)) event.respondWith(answer(event.request, address));
});

async function answer(request, address) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) await cache.put(address, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(address);
    if (kept) return kept;
    throw error;
  }
}
