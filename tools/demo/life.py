"""Who is at the terminals: a charger that obeys CVL and CCL, a load that obeys DCL and comes and goes."""

from bms.bits import RUN
from roles import DSG
from sim.prng import Prng

SOURCES = ("auto", "charge", "load", "rest")
_STEP_US = 1000000
_STANDBY_A = 0.2  # a charger that is told 0 A still shows its voltage
_TAIL_PART = 33  # below 0.03C at the top the charge is as good as over
_TOP_S = 900  # stay on the charger so long after that: balancing goes on
_LOW_PM = 300


class Life:
    """Connects and disconnects once a simulated second. With a trace `auto` leaves it alone."""

    def __init__(self, session):
        self._session = session
        self._prng = Prng(session.seed)
        self._due_us = 0
        self._charging = True
        self._top_s = 0
        self._burst_s = 0
        self._burst_ma = 0
        self.source = "auto"

    def choose(self, source: str) -> None:
        """One of SOURCES."""
        self.source = source
        self._due_us = 0

    def step(self) -> None:
        """After every scan."""
        world = self._session.sim.world
        if world.now_us < self._due_us:
            return
        self._due_us = world.now_us + _STEP_US
        self._connect(self._wanted())

    def _wanted(self) -> str:
        """What `auto` comes down to now."""
        if self.source != "auto":
            return self.source
        if self._session.trace is not None:
            return "rest"
        self._turn()
        return "charge" if self._charging else "load"

    def _turn(self) -> None:
        """Charge to the top and balance for a while, then drive until low."""
        pack = self._session.pack
        snap = pack.snap
        if self._charging:
            tail = snap.pack_ma < pack.config.capacity_mah // _TAIL_PART
            top = tail and snap.cell_max_mv >= pack.config.full_mv
            self._top_s = self._top_s + 1 if top else 0
            self._charging = self._top_s < _TOP_S
            return
        empty = snap.cell_min_mv < pack.config.cuv_clear_mv
        self._charging = pack.soc.soc_pm < _LOW_PM or empty
        self._top_s = 0

    def _connect(self, what: str) -> None:
        outside = self._session.sim.plant.outside
        self._session.sim.world.sync()
        limits = self._session.pack.limits
        if what == "charge":
            outside.attach(limits.cvl_mv / 1000, max(limits.ccl_ma / 1000, _STANDBY_A))
        else:
            outside.detach()
        outside.load(amps=self._load_ma() / 1000 if what == "load" else 0.0)

    def _load_ma(self) -> int:
        """Stop and go, within DCL; an inverter that starts only when its voltage is up."""
        pack = self._session.pack
        self._burst_s -= 1
        if self._burst_s < 0:
            self._burst_s = self._prng.between(5, 40)
            self._burst_ma = pack.config.capacity_mah * self._prng.between(5, 95) // 100
        if pack.mode.mode < RUN or not pack.snap.fets & DSG:
            return 0
        return min(self._burst_ma, pack.limits.dcl_ma)
