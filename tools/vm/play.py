"""Plays scenarios; prints the journal of each as hex, and a checksum of all that the black box has written.

On MicroPython every scan is heap-locked.

Runs on MicroPython's virtual machine and on CPython alike: `play.py [name ...]`; a name may begin with
a family of monitors, `bq769x0/quiet`.
"""

import binascii
import sys

import micropython

if "firmware" not in "".join(sys.path):  # a native micropython starts with nothing
    sys.path[:] = ["lib", "firmware", "tools", ""] + sys.path

from bms.blackbox import SEGMENTS, BlackBox
from bms.scan import Scan
from boards.sim import board as sim_board
from boards.sim.scenarios import SCENARIOS, play, told
from ringlog import Chain
from segments import BlockSegments
from sim.adc import FakeADC
from sim.flash import Flash
from sim.mischief_bus import StuckBus
from sim.pins import FakePin
from sim.spi import FakeSPI
from sim.world import World


class Lock:
    """Locks the heap during a scan, but not inside the simulated hardware that the scan talks to."""

    def __init__(self):
        self.held = False
        self.scans = 0  # that ran locked from end to end

    def take(self) -> None:
        if not self.held:
            micropython.heap_lock()
            self.held = True

    def drop(self) -> bool:
        """Let go; whether it was held."""
        was = self.held
        if was:
            micropython.heap_unlock()
            self.held = False
        return was

    def back(self, was: bool) -> None:
        """Take it again if it was held."""
        if was:
            self.take()


lock = Lock()


def guard_scan() -> None:
    tick = Scan.tick

    def locked(self, dt_ms):
        lock.take()
        try:
            tick(self, dt_ms)
        finally:
            if lock.drop():
                lock.scans += 1

    Scan.tick = locked


_irq = FakePin.irq


def locked_handler(handler):
    """The interrupt runs locked, whatever it came into."""

    def locked(pin):
        was = lock.held
        lock.take()
        try:
            handler(pin)
        finally:
            if not was:
                lock.drop()

    return locked


def attach(self, handler=None, trigger=0, hard=False):
    """`irq` of a pin. No closure: one with so many arguments would allocate."""
    was = lock.drop()
    _irq(self, locked_handler(handler), trigger, hard)
    if was:
        lock.take()


def let_go(cls, name: str, args: int) -> None:
    """Calls of this method run with the heap unlocked; what it raises is met with the heap locked again."""
    inner = getattr(cls, name)

    def none(self):
        was = lock.drop()
        try:
            return inner(self)
        finally:
            lock.back(was)

    def one(self, a=None):
        was = lock.drop()
        try:
            return inner(self) if a is None else inner(self, a)
        finally:
            lock.back(was)

    def two(self, a, b):
        was = lock.drop()
        try:
            return inner(self, a, b)
        finally:
            lock.back(was)

    def three(self, a, b, c):
        was = lock.drop()
        try:
            return inner(self, a, b, c)
        finally:
            lock.back(was)

    setattr(cls, name, (none, one, two, three)[args])


def guard() -> None:
    """Wrap what the firmware touches: bus, pins, outputs, time."""
    guard_scan()
    FakePin.irq = attach
    let_go(StuckBus, "writeto", 2)
    let_go(StuckBus, "readfrom_mem_into", 3)
    let_go(FakeSPI, "write", 1)
    let_go(FakeSPI, "write_readinto", 2)
    let_go(FakePin, "__call__", 1)
    let_go(FakeADC, "read_u16", 0)
    let_go(World, "sleep_us", 1)
    let_go(sim_board.Outputs, "write", 1)
    let_go(sim_board.Watchdog, "feed", 0)


def put_in_blackbox(sim) -> None:
    """On a raw flash; what it writes depends on nothing but the scans."""
    sim.flash = Flash(sum(SEGMENTS))
    places = []
    for n in SEGMENTS:
        first = sum([place.n for place in places])
        places.append(BlockSegments(sim.flash, first, n))
    sim.blackbox = BlackBox(sim.scan, places, Chain(b"key"))


def main() -> None:
    if sys.implementation.name == "micropython":
        guard()
    names = sys.argv[1:] or [row[0] for row in SCENARIOS]
    for name in names:
        family, _, story = ("bq769x2/" + name).rpartition("/")
        lock.scans = 0
        sim = play(story, put_in_blackbox, family=family.rpartition("/")[2])
        stored = binascii.crc32(sim.flash.data)
        print(name, lock.scans, told(sim).hex() + "-" + str(stored))


if __name__ == "__main__":
    main()
