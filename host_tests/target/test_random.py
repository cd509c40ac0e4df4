"""Firmware interrupted, starved and cut from its power at random moments, and hurt at others; the pack is watched.

CELLWARDEN_LIVES=n: so many of them instead of a few; CELLWARDEN_LIFE=n: the first is number n.
"""

import os

import pytest

from host_tests.target import rig
from host_tests.target.rig import apart, differing
from sim.mischief_bus import BitFlip
from sim.prng import Prng

LIVES = int(os.environ.get("CELLWARDEN_LIVES", "2"))
FIRST = int(os.environ.get("CELLWARDEN_LIFE", "51"))  # 51 and 52 meet everything there is
SHORT_US = 250  # the monitor's delay of 195 us, and what follows
PIN_US = 40  # ALERT to FETs that are off, nothing wrong with the monitor
LOOK_US = 2000


class Life:
    """One pack and the tormentor of its Pico. Every look asserts what must be true at every moment."""

    def __init__(self, bench, seed: int):
        self.bench = bench
        self.prng = Prng(seed)
        self.told = [f"seed {seed}"]
        self.dead = False  # no power
        self.shorted = False
        self.conducted = 0
        self._spanner = bench.alert.end("spanner")

    def us(self, low: int, high: int) -> int:
        return self.prng.between(low, high)

    def run_us(self, us: int) -> None:
        """Time passes, and is watched."""
        end_ns = self.bench.pico.now_ns + us * 1000
        while self.bench.pico.now_ns < end_ns:
            left_ns = end_ns - self.bench.pico.now_ns
            self.bench.pico.run_ns(min(left_ns, LOOK_US * 1000))
            self.look()

    def look(self) -> None:
        bench = self.bench
        if bench.off():
            return
        self.conducted += 1
        assert not self.dead, self.told
        assert bench.cfetoff.level or not bench.plant.chg_on, self.told
        assert bench.dfetoff.level or not bench.plant.dsg_on, self.told
        if self.shorted:  # it may close into one, that is how a short shows: not for longer than the monitor's delay
            self.told.append("closed into it")
            rig.us_until(bench, bench.off, SHORT_US)
            return
        assert differing(bench) == [], self.told

    # torments ----------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """ALERT falls and rises, faster than anybody can handle it."""
        for _ in range(self.us(1, 40)):
            self._spanner.drive(0)
            self.run_us(self.us(1, 300))
            self._spanner.drive(None)
            self.run_us(self.us(5, 4000))

    def starve(self) -> None:
        """The interpreter is at something else."""
        pin = self.prng.pick((rig.FLOATS, rig.FLOOD))
        rig.ask(self.bench, pin)
        self.run_us(self.us(1000, 600_000))
        rig.ask(self.bench, pin, False)

    def hang(self) -> None:
        """For ever: the watchdog ends it."""
        rig.ask(self.bench, rig.HANG)
        self.run_us(self.us(30_000, 2_500_000))
        rig.ask(self.bench, rig.HANG, False)

    def stop(self) -> None:
        """Ctrl-C at the console; a start that has no watchdog yet stays there until its power is cut."""
        pico = self.bench.pico
        resets = pico.resets
        pico.send(b"\x03")
        self.run_us(self.us(100, 500_000))
        if bytes(pico.out).endswith(b">>> "):
            self.run_us(rig.WATCHDOG_MS * 1200)
            if pico.resets == resets:
                self.cut()

    def disturb(self) -> None:
        """The bus flips bits, both ways."""
        bench = self.bench
        bench.chip.strict = False
        addr = bench.chip.addr
        bench.i2c.devices[addr] = BitFlip(bench.chip, self.prng, self.us(500, 3000), True)
        self.run_us(self.us(1000, 1_000_000))
        bench.i2c.devices[addr] = bench.chip

    def cut(self) -> None:
        """No power; nothing is left in its memory when it comes back, and the pins float at once."""
        pico = self.bench.pico
        pico.hold_reset(True)
        self.dead = True
        assert self.bench.off(), self.told
        self.run_us(self.us(10, 100_000))
        sram = pico.mcu.sram
        sram[:] = bytes(self.prng.below(256) for _ in range(1024)) * (len(sram) // 1024)
        pico.hold_reset(False)
        self.dead = False
        self.run_us(self.us(10, 3_000_000))

    # what the firmware is for ------------------------------------------------------------------------

    def short(self) -> None:
        """A short circuit: over in the designed time, and nothing conducts into it afterwards."""
        bench = self.bench
        bench.touch(lambda plant: plant.outside.short(0.005))
        self.shorted = True
        if not bench.off():
            rig.us_until(bench, bench.off, SHORT_US)
        self.run_us(self.us(1000, 1_000_000))
        bench.touch(lambda plant: plant.outside.short(0))
        self.shorted = False

    def alert(self) -> None:
        """ALERT and nothing else: the off-pins are all there is, with an interpreter or without."""
        self._spanner.drive(0)
        if not self.bench.off():
            rig.us_until(self.bench, self.bench.off, PIN_US)
        self.run_us(self.us(100, 50_000))
        self._spanner.drive(None)

    def comes_back(self) -> None:
        """Both FETs conduct again, over limits that are ours."""
        end_ns = self.bench.pico.now_ns + rig.BACK_MS * 1e6
        while not self.bench.conducting():
            assert self.bench.pico.now_ns < end_ns, (self.told, bytes(self.bench.pico.out[-300:]))
            self.run_us(10_000)
        assert differing(self.bench) == [], self.told


@pytest.mark.parametrize("seed", range(FIRST, FIRST + LIVES))
@apart
def test_a_random_life_never_conducts_when_it_must_not_and_always_comes_back(started, seed):
    life = Life(started, seed)
    torments = [life.interrupt, life.starve, life.hang, life.stop, life.disturb, life.cut]
    torments = [life.prng.pick(torments) for _ in range(life.us(1, 3))]
    torments.append(life.prng.pick((life.cut, life.interrupt)))
    hurts = life.prng.pick((life.short, life.alert))
    for act in (*torments, hurts):
        life.told.append(act.__name__)
        life.run_us(life.us(1, 300_000))
        act()
    life.comes_back()
    assert life.conducted > 0
