"""Says in lines what the Bluetooth code answers; two interpreters must say the same. `say_ble.py talk`

`say_ble.py weigh` tells MicroPython's memory instead: what an interrupt and an answer allocate, and, run
again and again in one machine, what a flood of noise leaves behind. `say_ble.py guests`: what is in memory
while nobody talks, somebody does, and after he has gone.
"""

import gc
import sys

if "firmware" not in "".join(sys.path):  # a native micropython starts with nothing
    sys.path[:] = ["lib", "firmware", "tools", ""] + sys.path
sys.path += ["/tools/fakes", "tools/fakes", ".frozen"]  # asyncio is frozen

from bluetooth import ESP32

from auth import hmac_sha256
from bms.report import ble_advert
from crc8 import crc8
from host_tests.common.ble_rig import BleRig, fixed, request
from sim.prng import Prng

KEY = bytes(range(16))
MINE = b"12345678"


def frame(kind: int, data=b"") -> bytes:
    body = bytes([0xC3, kind, len(data)]) + data
    return body + bytes([crc8(body, len(body))])


def tag(purpose: bytes, body=b"") -> bytes:
    return hmac_sha256(KEY, purpose + fixed(16) + MINE + body)[:16]


def made(**values) -> BleRig:
    return BleRig(ESP32, 2, key=KEY, cell_n=16, ble_idle_s=3600, **values)


def talk() -> None:
    rig = made(ble_bthome=1)
    rig.rig.roles.cell_mv[3] = 3700
    rig.rig.run(20)
    rig.pass_ms(11000)
    print("advert", rig.air.advert.hex(), rig.air.response.hex())
    central = rig.connect(50)
    for register in (0x03, 0x04, 0x05, 0xAA, 0x24, 0x77):
        print(register, rig.ask(central, request(register)).hex())
    off = request(0xE1, b"\0\3", True)
    print("refused", rig.ask(central, off).hex())
    print("module", rig.ask(central, b"\xff\xaa\x15\x06000000\x3b").hex())
    command = b"\1\0\0\0\3\x1e\0"
    for data in (
        frame(1),
        frame(2, b"\xe8\3\x3c"),
        frame(3),
        frame(5, b"\0"),
        frame(0x10, MINE),
        frame(0x11, tag(b"cellwarden unlock")),
        frame(0x12, command + tag(b"cellwarden do", command)),
        frame(0x12, command + tag(b"cellwarden do", command)),
    ):
        central.write(rig.table.native_in, data)
        rig.pass_ms(1000)
        print("native", data[1], central.take(rig.table.native_out).hex())
    print("open", rig.ask(central, off).hex(), rig.pack.lock)
    print("names", ble_advert.name_of("Packä 7", fixed(6)), rig.sound())


class Flood:
    """Survives from run to run as a module of its own."""

    def __init__(self):
        self.rig = made()
        self.prng = Prng(5)
        self.central = self.rig.connect(50)

    def pour(self, n: int) -> None:
        """So many writes of noise, half of them beginning like something."""
        rig = self.rig
        for i in range(n):
            data = bytearray(request(4) if i & 2 else frame(i & 0x1F, bytes(20)))
            for _ in range(self.prng.below(4)):
                data[self.prng.below(len(data))] = self.prng.below(256)
            handle = rig.table.jbd_in if i & 1 else rig.table.native_in
            self.central.write(handle, data)
            if not i & 3:
                rig.pass_ms(100)
            self.central.got.clear()


def weigh() -> None:
    if "flood_state" not in sys.modules:
        sys.modules["flood_state"] = Flood()
        return
    flood = sys.modules["flood_state"]
    print(
        "kept", gc.mem_alloc()
    )  # the machine has collected since the last run, and only then does
    link, handle = flood.rig.room.radio.links[0], flood.rig.table.jbd_in
    data = request(4)
    before = gc.mem_alloc()
    link.inbox.put(handle, data)
    put_b = gc.mem_alloc() - before
    link.inbox.take()
    for byte in data:
        link.talk.slave.put(byte)
    before = gc.mem_alloc()
    n = link.talk.slave.answer()
    print("put", put_b, "answer", gc.mem_alloc() - before, n)
    flood.pour(400)
    gc.collect()


class Guests:
    """Survives likewise. One comes, asks and proves the key; then he goes, and a minute passes."""

    def __init__(self):
        self.rig = BleRig(ESP32, 2, key=KEY, cell_n=16, ble_idle_s=3600)
        self.central = None

    def turn(self) -> None:
        rig, central = self.rig, self.central
        if central is None:
            central = self.central = rig.connect(50)
            rig.ask(central, request(3))
            for data in (frame(1), frame(0x10, MINE), frame(0x11, tag(b"cellwarden unlock"))):
                central.write(rig.table.native_in, data)
                rig.pass_ms(1000)
            assert central.take(rig.table.native_out)
        else:
            central.leave()
            rig.air.centrals.clear()
            self.central = None
            rig.pass_ms(62_000)


def guests() -> None:
    if "guests_state" in sys.modules:
        print("kept", gc.mem_alloc())
        sys.modules["guests_state"].turn()
    else:
        sys.modules["guests_state"] = Guests()
    gc.collect()


{"talk": talk, "weigh": weigh, "guests": guests}[sys.argv[1]]()
