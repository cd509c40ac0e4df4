"""Lives of a pack through the estimators, heap locked on MicroPython: what they end with, in lines."""

import sys

import micropython

if "firmware" not in "".join(sys.path):  # a native micropython starts with nothing
    sys.path[:] = ["lib", "firmware", "tools", ""] + sys.path

from bms.config import Config
from bms.health import Health
from bms.keep import Keep
from bms.snapshot import Snapshot
from bms.soc import Soc
from roles import BOTH
from sim.prng import Prng

_LOCKS = sys.implementation.name == "micropython"
_SECONDS = 2500
# capacity, largest current, cells: the corners of what can be configured
_PACKS = ((500, 2500, 3), (100000, 300000, 16), (1000000, 327000, 16))


class Life:
    """Random currents and voltages, wilder than any pack's."""

    def __init__(self, mah, peak_ma, cell_n):
        self.config = Config({"capacity_mah": mah, "cell_n": cell_n, "board_ma": 250000})
        self.snap = Snapshot(cell_n, 1)
        self.snap.plausible = True
        self.soc = Soc(self.config)
        self.health = Health(self.config)
        self.prng = Prng(mah)
        self.peak_ma = peak_ma
        self.ma = 0
        self.mv = 3300

    def shake(self):
        """The next reading."""
        between = self.prng.between
        snap = self.snap
        if between(0, 20) == 0:
            self.ma = between(-self.peak_ma, self.peak_ma)
        if between(0, 50) == 0:
            self.mv = between(1500, 4300)
        if between(0, 99) == 0:
            self.ma = 0
            self.mv = between(3440, 3460)
        snap.fresh = between(0, 30) > 0
        snap.fets = BOTH if between(0, 9) else 0
        snap.pack_ma = self.ma
        for i in range(snap.cell_n):
            snap.cell_mv[i] = self.mv + between(-30, 30)
        snap.cell_sum_mv = sum(snap.cell_mv)
        snap.cell_min_mv = min(snap.cell_mv)
        snap.cell_max_mv = max(snap.cell_mv)
        snap.temp_min_ddegc = snap.temp_max_ddegc = between(-300, 700)
        return between(60, 3000) if between(0, 40) else 60000

    def live(self):
        snap, soc, health = self.snap, self.soc, self.health
        for _ in range(_SECONDS):
            dt_ms = self.shake()
            quiet = dt_ms % 7 != 0
            if _LOCKS:
                micropython.heap_lock()
            try:
                soc.step(snap, dt_ms)
                health.step(snap, soc, dt_ms, quiet)
            finally:
                if _LOCKS:
                    micropython.heap_unlock()
            assert 0 <= soc.soc_lo_pm <= soc.soc_pm <= soc.soc_hi_pm <= 1000
            assert 0 <= soc.charge_uah <= soc.capacity_uah

    def say(self):
        keep = Keep(self.soc, self.health, self.config)
        buf = bytearray(keep.size)
        keep.save(buf)
        print(self.soc.soc_pm, self.soc.soc_lo_pm, self.soc.soc_hi_pm, self.health.soh_pm())
        print(self.health.energy_wh(self.soc), self.health.to_empty_min, self.health.to_full_min)
        print(buf.hex())
        print(bytes(self.soc.voltage.belief.log).hex())


def main() -> None:
    for pack in _PACKS:
        life = Life(*pack)
        life.live()
        life.say()


main()
