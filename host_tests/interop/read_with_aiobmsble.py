"""Reads replies from stdin as Home Assistant's own decoder would get them; prints what it made of them.

Runs in the Python that has aiobmsble. stdin: JSON, request in hex -> reply in hex.
"""

import asyncio
import json
import sys

from aiobmsble import BMSConfig
from aiobmsble.bms.jbd_bms import BMS
from bleak.backends.device import BLEDevice

CHUNK = 20  # of a Bluetooth notification
DETAILS = {"path": "/nowhere", "props": {}}


class Link:
    """The little of a Bluetooth connection that the decoder needs."""

    is_connected = True

    def __init__(self, replies):
        self.replies = replies
        self.bms = None
        self.services = self

    def get_characteristic(self, _char):
        return None

    async def write_gatt_char(self, _char, data, response):
        reply = bytes.fromhex(self.replies[bytes(data).hex()])
        for start in range(0, len(reply), CHUNK):
            self.bms._notification_handler(None, bytearray(reply[start : start + CHUNK]))

    async def disconnect(self):
        self.is_connected = False


async def main():
    bms = BMS(BLEDevice("00:11:22:33:44:55", "JBD-test", DETAILS), BMSConfig(keep_alive=True))
    link = bms._client = Link(json.load(sys.stdin))
    link.bms = bms
    sample = dict(await bms.async_update())
    sample["temp_values"] = [temp.value for temp in sample["temp_values"]]
    info = dict(await bms._fetch_device_info())
    print(json.dumps([sample, info], default=str))


asyncio.run(main())
