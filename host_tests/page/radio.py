"""A JBD module in the air, by Chromium's own Bluetooth emulation; the product's slave answers behind it.

Chooser, connection, discovery, subscription, writes and disconnection are the browser's real Web Bluetooth
on an emulated adapter (DevTools domains BluetoothEmulation and DeviceAccess). The emulation has no
notifications: the page's `startNotifications` is followed by reads, and a notification is the answer to
one, which raises the same `characteristicvaluechanged`. It has no broken links that a page would notice
either (seen in 150): the page's own device is disconnected, which raises `gattserverdisconnected`.
"""

import base64
from collections import deque

_ADDRESS = "a4:c1:37:00:00:01".upper()
_UUID = "0000{}-0000-1000-8000-00805f9b34fb"
_FROM = {"read": True, "notify": True}
_TO = {"read": True, "write": True, "writeWithoutResponse": True}
_CHUNK = 20
_SHIM = """{
  const its = BluetoothRemoteGATTCharacteristic.prototype;
  const start = its.startNotifications;
  its.startNotifications = async function () {
    const started = await start.call(this);
    (async () => { for (;;) await this.readValue(); })().catch(() => {}); // until the link breaks
    return started;
  };
  const request = Bluetooth.prototype.requestDevice;
  Bluetooth.prototype.requestDevice = async function (options) {
    return (window.__device = await request.call(this, options));
  };
}"""


class Radio:
    """`slave`: what answers. `deaf` requests are lost. Set up before the page is opened."""

    def __init__(self, browser, page, slave, name="JBD-TEST"):
        self.slave = slave
        self.deaf = 0
        self.heard = []  # requests, as bytes
        self._page = page
        self._prompted = set()
        self._from = self._to = None
        self._waiting = 0  # reads without an answer
        self._chunks = deque()
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
            name=name,
            manufacturerData=[],
            knownServiceUuids=[_UUID.format("ff00")],
        )
        self._tab.send("DeviceAccess.enable")

    def drop(self) -> None:
        """The link breaks."""
        self._waiting = 0
        self._chunks.clear()
        self._page.evaluate("__device.gatt.disconnect()")

    def end(self) -> None:
        self._send("disable")

    def _send(self, command, **parameters):
        return self._air.send(f"BluetoothEmulation.{command}", parameters)

    def _choose(self, event) -> None:
        """The person takes the only device there is."""
        if event["id"] not in self._prompted and event["devices"]:
            self._prompted.add(event["id"])
            chosen = {"id": event["id"], "deviceId": event["devices"][0]["id"]}
            self._tab.send("DeviceAccess.selectPrompt", chosen)

    def _gatt(self, event) -> None:
        if event["type"] == "discovery" and self._to is None:
            service = self._send("addService", address=_ADDRESS, serviceUuid=_UUID.format("ff00"))
            self._from = self._characteristic(service, "ff01", _FROM)
            self._to = self._characteristic(service, "ff02", _TO)
            cccd = {"characteristicId": self._from, "descriptorUuid": _UUID.format("2902")}
            self._send("addDescriptor", **cccd)
        self._send("simulateGATTOperationResponse", address=_ADDRESS, type=event["type"], code=0)

    def _characteristic(self, service, uuid, properties):
        made = self._send(
            "addCharacteristic",
            serviceId=service["serviceId"],
            characteristicUuid=_UUID.format(uuid),
            properties=properties,
        )
        return made["characteristicId"]

    def _operate(self, event) -> None:
        if event["type"] == "read":
            self._waiting += 1
        else:
            self._answer(event["characteristicId"], event["type"])
        if event["type"] == "write":
            self._take(base64.b64decode(event["data"]))
        while self._waiting and self._chunks:
            self._waiting -= 1
            self._answer(self._from, "read", data=self._chunks.popleft())

    def _answer(self, characteristic, kind, **data):
        self._send(
            "simulateCharacteristicOperationResponse",
            characteristicId=characteristic,
            type=kind,
            code=0,
            **data,
        )

    def _take(self, request) -> None:
        self.heard.append(request)
        if self.deaf:
            self.deaf -= 1
            return
        for byte in request:
            self.slave.put(byte)
        n = self.slave.answer()
        reply = bytes(self.slave.view[:n])
        for i in range(0, n, _CHUNK):
            self._chunks.append(base64.b64encode(reply[i : i + _CHUNK]).decode())
