"""Reads a scan response from stdin, in hex, as Home Assistant's BTHome integration would; prints JSON."""

import json
import sys

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bthome_ble import BTHomeBluetoothDeviceData
from habluetooth import BluetoothServiceInfoBleak

response = bytes.fromhex(sys.stdin.read())
n, kind = response[0], response[1]
assert n == len(response) - 1 and kind == 0x16, "one element, service data of a 16-bit UUID"
uuid = f"0000{response[3]:02x}{response[2]:02x}-0000-1000-8000-00805f9b34fb"
data = {uuid: response[4:]}
advert = AdvertisementData("JBD-test", {}, data, [], None, -60, ())
info = BluetoothServiceInfoBleak(
    name="JBD-test",
    address="A5:C2:37:06:1B:C9",
    rssi=-60,
    manufacturer_data={},
    service_data=data,
    service_uuids=[],
    source="",
    device=BLEDevice("A5:C2:37:06:1B:C9", "JBD-test", {}),
    advertisement=advert,
    connectable=True,
    time=0.0,
    tx_power=None,
)
device = BTHomeBluetoothDeviceData()
assert device.supported(info)
update = device.update(info)
values = {key.key: value.native_value for key, value in update.entity_values.items()}
values |= {key.key: value.native_value for key, value in update.binary_entity_values.items()}
print(json.dumps(values))
