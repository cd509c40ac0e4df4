"""A board in the air, by Chromium's own Bluetooth emulation; the product's code answers behind it.

Chooser, connection, discovery, subscription, writes and reads are the browser's real Web Bluetooth on an
emulated adapter (DevTools domains BluetoothEmulation and DeviceAccess). The emulation has no notifications:
the page's `startNotifications` is followed by reads, and a notification is the answer to one, which
raises the same `characteristicvaluechanged`. It has no broken links that a page would notice either
(seen in 150): the page's own device is disconnected, which raises `gattserverdisconnected`.
"""

import base64
import os
import time
from collections import deque

from auth import KeyLock
from bms.report.ble_gate import JbdGate
from bms.report.ble_native import Native
from bms.report.jbd_slave import JbdSlave
from btlink import native

_ADDRESS = "A4:C1:37:00:00:01"
_SHORT = "0000{}-0000-1000-8000-00805f9b34fb"
_FROM = {"read": True, "notify": True}
_TO = {"write": True, "writeWithoutResponse": True}
_CHUNK = 20
_SHIM = """{
  const its = BluetoothRemoteGATTCharacteristic.prototype;
  const start = its.startNotifications;
  its.startNotifications = async function () {
    const started = await start.call(this);
    const read = async () => {
      for (;;) if (!(await this.readValue()).byteLength) await new Promise((on) => setTimeout(on, 50));
    };
    read().catch(() => {}); // until the link breaks
    return started;
  };
  const request = Bluetooth.prototype.requestDevice;
  Bluetooth.prototype.requestDevice = async function (options) {
    return (window.__device = await request.call(this, options));
  };
}"""


class JbdBoard:
    """What a foreign module has: FF00 alone."""

    uuids = tuple(_SHORT.format(short) for short in ("ff00", "ff01", "ff02"))

    def __init__(self, pack):
        self._slave = JbdSlave(pack)

    def take(self, data) -> bytes:
        for byte in data:
            self._slave.put(byte)
        return bytes(self._slave.view[: self._slave.answer()])

    def news(self, _ms) -> bytes:
        return b""


class NativeBoard:
    """A Cellwarden board's own service."""

    uuids = (native.SERVICE, native.OUT, native.INTO)

    def __init__(self, pack, key, reads_open=True):
        self.lock = KeyLock(key)
        self._native = Native(pack, JbdGate(reads_open, False), self.lock, os.urandom)

    def take(self, data) -> bytes:
        return self._view(self._native.take(data))

    def end_session(self) -> None:
        """As after ten minutes without a command."""
        self._native.session.close()

    def news(self, ms) -> bytes:
        self.lock.advance(ms)
        self._native.advance(ms)
        return self._view(self._native.news())

    def _view(self, n) -> bytes:
        return bytes(self._native.view[:n])


class Radio:
    """`deaf` writes are lost, `heard` are all. Set up before the page is opened."""

    def __init__(self, browser, page, board):
        self.board = board
        self.deaf = 0
        self.heard = []
        self.page = page
        self._prompted = set()
        self._from = None
        self._chunks = deque()
        self._last_s = time.monotonic()
        page.add_init_script(_SHIM)
        self._air = browser.new_browser_cdp_session()
        self._tab = page.context.new_cdp_session(page)
        self._air.on("BluetoothEmulation.gattOperationReceived", self._gatt)
        self._air.on("BluetoothEmulation.characteristicOperationReceived", self._operate)
        self._tab.on("DeviceAccess.deviceRequestPrompted", self._choose)
        self._send("enable", state="powered-on", leSupported=True)
        self._send(
            "simulatePreconnectedPeripheral",
            address=_ADDRESS,
            name="JBD-TEST",
            manufacturerData=[],
            knownServiceUuids=[board.uuids[0]],
        )
        self._tab.send("DeviceAccess.enable")

    def drop(self) -> None:
        """The link breaks."""
        self._chunks.clear()
        self.page.evaluate("__device.gatt.disconnect()")

    def _send(self, command, **parameters):
        return self._air.send(f"BluetoothEmulation.{command}", parameters)

    def _choose(self, event) -> None:
        """The person takes the only device there is."""
        if event["id"] not in self._prompted and event["devices"]:
            self._prompted.add(event["id"])
            chosen = {"id": event["id"], "deviceId": event["devices"][0]["id"]}
            self._tab.send("DeviceAccess.selectPrompt", chosen)

    def _gatt(self, event) -> None:
        if event["type"] == "discovery" and self._from is None:
            service, notified, written = self.board.uuids
            service = self._send("addService", address=_ADDRESS, serviceUuid=service)["serviceId"]
            self._from = self._characteristic(service, notified, _FROM)
            self._characteristic(service, written, _TO)
            cccd = {"characteristicId": self._from, "descriptorUuid": _SHORT.format("2902")}
            self._send("addDescriptor", **cccd)
        self._send("simulateGATTOperationResponse", address=_ADDRESS, type=event["type"], code=0)

    def _characteristic(self, service, uuid, properties):
        which = {"serviceId": service, "characteristicUuid": uuid, "properties": properties}
        return self._send("addCharacteristic", **which)["characteristicId"]

    def _operate(self, event) -> None:
        answer = {"characteristicId": event["characteristicId"], "type": event["type"], "code": 0}
        if event["type"] == "write":
            self._take(base64.b64decode(event["data"]))
        if event["type"] == "read":
            if not self._chunks:
                self._cut(self.board.news(self._passed_ms()))
            answer["data"] = base64.b64encode(self._chunks.popleft() if self._chunks else b"")
            answer["data"] = answer["data"].decode()
        self._send("simulateCharacteristicOperationResponse", **answer)

    def _passed_ms(self) -> int:
        ms = int((time.monotonic() - self._last_s) * 1000)
        self._last_s += ms / 1000
        return ms

    def _take(self, data) -> None:
        self.heard.append(data)
        if self.deaf:
            self.deaf -= 1
        else:
            self._cut(self.board.take(data))

    def _cut(self, frame) -> None:
        self._chunks.extend(frame[i : i + _CHUNK] for i in range(0, len(frame), _CHUNK))
