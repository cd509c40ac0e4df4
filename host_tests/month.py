"""A month of a pack's life, coarse: a minute a step, real scans around one trip a day.

Every day: charged and discharged, asleep at night, one short circuit with its window, now and then a bus
error. What is written goes to any four segment stores.
"""

from bms import bits
from bms.blackbox import BlackBox
from boards.sim.board import make_sim
from host_tests.boxed import KEY
from ringlog import Chain
from sim.mischief import find

DAYS = 30
_STEP_MS = 60000


class Month:
    """`run(after)` calls `after(blackbox)` whenever a record was completed."""

    def __init__(self, places, days: int = DAYS, store=None):
        self.sim = make_sim(cell_n=16, soc=0.5, seed=7)
        self.sim.run(5)
        self.days = days
        self.blackbox = BlackBox(self.sim.scan, places, Chain(KEY), store)
        self.records = 0

    def run(self, after=None) -> None:
        for part in self.blackbox.logs:
            self._watch(part, after)
        for day in range(self.days):
            for minute in range(1440):
                self._minute(minute)
            self._trip(day)

    def _watch(self, part, after) -> None:
        """Be told of every record, also of the heads of segments."""
        put = part._put

        def watched(kind, n):
            number = put(kind, n)
            self.records += 1
            if after is not None:
                after(part._ident, number)
            return number

        part._put = watched

    def _minute(self, minute: int) -> None:
        """A step without physics: readings of a day, and the events that go with them."""
        sim = self.sim
        pack = sim.pack
        snap = pack.snap
        hour = minute // 60
        amps = 30 if 9 <= hour < 14 else -20 if 17 <= hour < 22 else 0
        snap.pack_ma = amps * 1000 + minute * 7 % 100 if amps else 0
        snap.cell_max_mv = 3300 + amps + minute % 11
        snap.cell_min_mv = snap.cell_max_mv - 8 - minute % 3
        snap.stack_mv = 16 * snap.cell_max_mv - 60
        snap.temp_max_ddegc = 180 + 10 * (hour % 12) + minute % 2
        snap.temp_min_ddegc = snap.temp_max_ddegc - 9
        if minute % 60 == 0 and hour in (0, 6, 9, 14, 17, 22):
            pack.journal.note(5, bits.RUN, -1, bits.RUN, 0, pack)
        if minute == 13 * 60:
            pack.journal.note(11, 1, -1, 970, 0, pack)
        pack.journal.advance(_STEP_MS)
        self.blackbox.slack()

    def _trip(self, day: int) -> None:
        sim = self.sim
        sim.blackbox = self.blackbox
        sim.run(25)
        find("short" if day % 3 else "dead_bus").apply(sim)
        sim.run(4)
        find("short" if day % 3 else "dead_bus").clear(sim)
        sim.run(70)
        sim.pack.request(bits.REQ_CLEAR)
        sim.run(10)
        sim.blackbox = None
