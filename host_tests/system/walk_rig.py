"""A random walk through trouble, and what must hold at every step of it."""

from bms import bits, fault_rows, faults
from bms.protect import S_LOCKED
from boards.sim.board import FAMILY, make_sim
from host_tests.common.wishes_rig import remember
from roles import BOTH, CHG, DSG
from sim.mischief import MISCHIEF
from sim.mischief_bus import BitFlip, Garbage, NackWrapper
from sim.prng import Prng

_REQUESTS = (
    bits.REQ_ON,
    bits.REQ_ON,
    bits.REQ_CLEAR,
    bits.REQ_SELFTEST,
    bits.REQ_OFF,
    bits.REQ_SLEEP,
)
_CONDUCTING = (bits.PRECHARGE, bits.RUN, bits.CHG_ONLY, bits.DSG_ONLY)
_SLACK_US = 300000  # a scan, and the time the bus needs to fail
_GONE_US = 1 << 60
_LOST_US = 3000000  # until the monitor's host watchdog has acted
# What an ISL94202 forgets by a brown-out it replaces by what it was shipped with, and that conducts, until the
# microcontroller's watchdog has reset whoever should have armed it.
_LOST_ISL_US = 12000000


class Walk:
    """One simulated pack, one seed. `step` makes or ends some trouble, lives a while and looks."""

    def __init__(self, seed: int, cell_n: int = 4, crc: bool = True, family=FAMILY, **config):
        self.prng = Prng(seed)
        pack = {"cell_n": cell_n, "seed": seed, "soc": 0.5, "crc": crc, "config": config}
        self.sim = make_sim(family=family, **pack)
        self.sim.watchdog_resets = True
        remember(self.sim)
        self._limit_us = _LOST_ISL_US if family == "isl94202" else _LOST_US
        self.on = []  # mischief at work
        self.scans = 0
        self._overfilled = False
        self.sim.chip.strict = False  # a flipped register number is nobody's mistake
        self._lost_us = _GONE_US
        self._open_us = _GONE_US
        self._locked = set()

    # what happens --------------------------------------------------------------------------------------

    def step(self) -> None:
        """Something happens, or ends; then some scans."""
        self._stir()
        for _ in range(self.prng.between(1, 40)):
            self.sim.step()
            self.scans += 1
            self.look()

    def _stir(self) -> None:
        draw = self.prng.below(10)
        if draw < 3 and len(self.on) < 3:
            self._begin()
        elif draw < 6 and self.on:
            self._end(self.prng.pick(self.on))
        elif draw == 6:
            self._connect()
        elif draw == 7:
            self._ask(self.prng.pick(_REQUESTS))
        elif draw == 8:
            self._soak()
        elif self.prng.below(3) == 0:
            self._disturb()

    def _begin(self) -> None:
        mischief = self.prng.pick(MISCHIEF)
        if mischief not in self.on:
            self.on.append(mischief)
            mischief.apply(self.sim)

    def _end(self, mischief) -> None:
        self.on.remove(mischief)
        mischief.clear(self.sim)

    def _connect(self) -> None:
        sim, prng = self.sim, self.prng
        sim.world.sync()
        outside = sim.plant.outside
        if prng.below(2):
            outside.load()
            outside.attach(3.5 * sim.plant.cell_n, prng.between(0, 40))
        else:
            outside.detach()
            outside.load(amps=prng.between(0, 120))
        sim.world.sync()

    def _ask(self, request: int) -> None:
        if request & bits.REQ_CLEAR:
            self._locked.clear()
        self.sim.pack.request(request)

    def _soak(self) -> None:
        self.sim.world.sync()
        self.sim.plant.soak(self.prng.between(-25, 65))
        self.sim.world.sync()

    def _disturb(self) -> None:
        """Noise on the wire, until the next disturbance."""
        prng = self.prng
        draw = prng.below(4)
        noise = (
            lambda chip: NackWrapper(chip, per_million=20000, prng=prng, data=True),
            lambda chip: BitFlip(chip, prng, per_million=2000, written=True),
            lambda chip: Garbage(chip, prng),
            None,
        )
        self.sim.monitor.disturb(noise[draw])

    # what must hold -------------------------------------------------------------------------------------

    def look(self) -> None:
        """Every invariant, now."""
        self._look_at_physics()
        if not self.sim.frozen:
            self._look_at_policy()

    def _look_at_physics(self) -> None:
        sim = self.sim
        plant = sim.plant
        names = {mischief.name for mischief in self.on}
        if (
            plant.welded_chg or self._overfilled
        ):  # through a welded FET; it stays so until discharged
            plant.worst.reset(sim.world.now_us)
            self._overfilled = plant.welded_chg or max(plant.cell_v) > 3.60
        assert self._overfilled or plant.worst.cell_v_max < 3.90, names
        now_us = sim.world.now_us
        answers = not names & {"dead_bus"} and not sim.frozen
        self._lost_us = _GONE_US if answers else min(self._lost_us, now_us)
        if now_us > self._lost_us + self._limit_us:
            assert not plant.chg_on and not plant.dsg_on, f"lost for {now_us - self._lost_us} us"
        wanted = not plant.interlock_open or sim.frozen
        self._open_us = _GONE_US if wanted else min(self._open_us, now_us)
        if now_us > self._open_us + sim.scan.period_ms * 1000 + _SLACK_US:
            assert not plant.chg_on and not plant.dsg_on, "interlock open"

    def _look_at_policy(self) -> None:
        sim = self.sim
        pack = sim.pack
        snap = pack.snap
        blocks = pack.protect.blocks
        assert not pack.intent & BOTH & blocks
        if blocks & BOTH == BOTH or snap.age_ms >= pack.config.stale_ms:
            assert not sim.board.cutoff.permits
        if sim.board.cutoff.permits:
            assert pack.intent and sim.scan.act.armed and pack.mode.mode in _CONDUCTING
        if sim.scan.act.bleeding:
            assert not sim.scan.act.bleeding & sim.scan.act.bleeding << 1, "neighbours bleed"
        for i in self._locked:
            assert pack.protect.state[i] == S_LOCKED, f"{fault_rows.ROWS[i][0]} unlocked itself"
        for i in range(faults.ROW_N):
            if pack.protect.state[i] == S_LOCKED:
                self._locked.add(i)
        assert -(1 << 30) <= min(pack.q) and max(pack.q) < 1 << 30
        assert 0 <= pack.soc.soc_pm <= 1000
        assert pack.limits.ccl_ma == 0 or not blocks & CHG
        assert pack.limits.dcl_ma == 0 or not blocks & DSG

    # and in the end --------------------------------------------------------------------------------------

    def heal(self) -> None:
        """Everything is repaired, a charger is plugged in, and a person says so."""
        sim = self.sim
        for mischief in list(self.on):
            self._end(mischief)
        sim.monitor.disturb(None)
        sim.world.sync()
        sim.plant.cells.set_soc(0.5)
        sim.plant.soak(25.0)
        sim.plant.outside.load()
        sim.plant.outside.detach()  # an ISL94202 keeps its charge over-current so long
        sim.world.sync()
        sim.run(2)
        volts = max(3.4 * sim.plant.cell_n, sim.plant.stack_v + 1.5)  # wakes what has shut down
        sim.plant.outside.attach(volts, 5)
        sim.world.sync()
        sim.run(70)
        self._ask(bits.REQ_CLEAR)
        sim.run(2)
        self._ask(bits.REQ_ON)
