"""The product's Bluetooth code on a radio without air: time passes when a test says so."""

import bluetooth

from bms.report.ble import BleReporter
from bms.report.ble_room import Room
from btlink.air import Air
from host_tests.common.scan_rig import Rig
from jbd import checksum

BEAT_MS = 100


class Flag:
    """As `asyncio.ThreadSafeFlag`, for a test that looks itself."""

    n = 0

    def set(self):
        self.n += 1


def request(register, data=b"", write=False):
    body = bytes([register, len(data)]) + data
    total = checksum(body, 0, len(body)).to_bytes(2, "big")
    return bytes([0xDD, 0x5A if write else 0xA5]) + body + total + b"\x77"


def fixed(n: int) -> bytes:
    """Random bytes that are not."""
    return bytes(range(n))


class BleRig:
    """A pack, its reporter, the air."""

    def __init__(
        self, limits=bluetooth.PICO_W, links=1, ticks=12, key=None, random=fixed, **values
    ):
        self.rig = Rig(ticks, **values)
        self.pack = self.rig.pack
        self.air = Air(limits)
        self.free_b = 99999
        self.flag = Flag()
        self.pressed = False
        self.reporter = BleReporter(
            self.pack,
            "rig",
            links,
            None,
            self.flag,
            lambda: self.free_b,
            random,
            key=None if key is None else lambda: key,
            button=lambda: self.pressed,
            on_config=self.keep,
        )
        self.kept = []
        self.reporter.start()
        self.table = self.reporter  # has the handles
        self.pass_ms(BEAT_MS)

    @property
    def room(self):
        """What is there while somebody talks, with who answers at every place."""
        reporter = self.reporter
        if reporter.room is None:
            reporter.room = Room(reporter, 0)
        for link in reporter.links:
            for answers, make in (
                (link.talk.slave, reporter.room.make_slave),
                (link.talk.native, reporter.room.make_native),
            ):
                if answers is None:
                    list(make(link.talk))
        return reporter.room

    @property
    def gate(self):
        return self.room.gate

    @property
    def lock(self):
        return self.room.lock

    def keep(self, values):
        self.kept.append(values)

    def pass_ms(self, ms, step_ms=BEAT_MS):
        """Let the task run on its beat."""
        for _ in range(max(1, ms // step_ms)):
            self.reporter.advance(min(step_ms, ms))
            self.work()

    def work(self):
        for _ in range(1000):
            if not self.reporter.work():
                return
        raise AssertionError("the task never rests")

    def connect(self, mtu=0):
        central = self.air.connect()
        assert central is not None, "nobody advertises"
        if mtu:
            central.ask_mtu(mtu)
        self.reporter.advance(0)
        return central

    def ask(self, central, data):
        """What comes back on FF01 for a write to FF02."""
        central.write(self.table.jbd_in, data)
        self.work()
        return central.take(self.table.jbd_out)

    def sound(self):
        """The interrupt handler never raised, and it is still there."""
        state = self.air.ble.state
        return state.irq_error is None and state.handler is not None
