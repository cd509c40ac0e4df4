"""State of charge: a count, anchored at full and empty, corrected by voltage where that says anything.

Counting is exact to the microampere-hour (`coulomb`). Its errors (offset, gain, self-discharge) grow for
ever, so it alone reaches neither end: it stops 0.1 % short of both until an anchor says so. What LiFePO4
tells by its voltage is weighed in `soc_voltage`, and moves the count; `soc_lo_pm .. soc_hi_pm` holds the
truth with 95 %. A start without memory looks at the cells at rest; in the plateau it is called 50 %.

Between two readings the current is the newer one's. Without a fresh reading the last current goes on for
stale_ms: so long the FETs stay closed; after that they are open and nothing flows. Anchors wait meanwhile.
Bounds: capacity_uah <= 1e9 < 2^30; one step adds at most 327 A * 60 s = 5.45e6 uAh to it. Charge in 1e-5
of the capacity is `_e5`: times capacity_mah // 100 <= 1e9.
"""

from micropython import const

from bms.anchors import ANCHOR_FULL, ANCHOR_NONE, Anchors
from bms.soc_curve import WHOLE_E5, squeeze
from bms.soc_trim import Trim
from bms.soc_voltage import Voltage
from interp import interpolate

_PER_UAH = const(3600)  # mA*ms
_DT_MAX_MS = const(60000)
_TICK_MS = const(1000)
_WHOLE_PM = const(1000)
_UNKNOWN_PM = const(500)
_TOLD_PM = const(25)  # standard deviation of a value that somebody remembers
_GUESS_E5 = const(40000)  # and of one that somebody guesses
_UNKNOWN_E5 = const(60000)
_EDGE_E5 = const(4000)  # of a first look outside the plateau
_FULL_E5 = const(400)  # of the full anchor: chargers differ in where they stop
_EMPTY_E5 = const(1500)
_DENIED_DMV = const(1000)  # squeezed: another make's plateau, what a load has left behind

# Lowest cell at rest -> SoC outside the plateau, LiFePO4, between the low-rate curves of three makes
# (26650 and 18650 of A123, a 3.5 Ah cell), which differ by 3 % at the bottom.
_BOTTOM_MV = (2500, 2800, 2900, 3000, 3100, 3180)
_BOTTOM_PM = (0, 8, 18, 30, 50, 80)
_TOP_MV = (3400, 3450)
_TOP_PM = (980, 990)


class Soc:
    """Charge in the pack."""

    def __init__(self, config, curve=None):
        self.capacity_uah = config.capacity_mah * 1000
        self.soc_pm = _UNKNOWN_PM
        self.soc_lo_pm = 0
        self.soc_hi_pm = _WHOLE_PM
        self.charge_uah = _UNKNOWN_PM * config.capacity_mah
        self.cycles = 0  # discharged charge in whole capacities
        self.guessed = True  # neither anchored nor told since start
        self.anchor = ANCHOR_NONE  # news of the last step
        self.anchor_from_pm = 0  # SoC before the last anchor
        self.capacity_e4 = 10000  # learned, of the rated one; the next full anchor takes it
        self.capacity_sigma_e4 = 300  # a rated one may be wrong by that
        self.new_in_uah = 0
        self.new_out_uah = 0
        self._config = config
        self._mah = config.capacity_mah
        self._lfp = config.chemistry == "LFP"
        self._started = False
        self._rest = 0  # mA*ms not yet counted, below _PER_UAH
        self._cycle_uah = 0  # discharged since the last whole cycle
        self.ticked = False  # this step was that of a second; new_* hold what flowed in it
        self._tick_ms = 0
        self._owed = False  # the limits of the last tick
        self._in_uah = 0
        self._out_uah = 0
        self._last_ma = 0
        self._bridge_ms = 0  # time that the last current may still stand for
        self.anchors = Anchors(config)
        self.trim = Trim(config)
        if curve is None:
            from bms.soc_knots import curve as of

            curve = of(config)
        self.voltage = Voltage(config, curve)
        self._room = None  # see Snapshot

    def remaining_mah(self) -> int:
        """Charge left."""
        return self.charge_uah // 1000

    def soc_e5(self) -> int:
        """SoC, finer."""
        mah = self._mah
        return self.charge_uah // mah * 100 + self.charge_uah % mah * 100 // mah

    def set(self, soc_pm: int, sigma_pm: int = _TOLD_PM) -> None:
        """Take a remembered value for the truth, to within so much."""
        self._start(soc_pm)
        self.guessed = False
        self.voltage.reset(max(sigma_pm, 1) * 100)
        self._limit()

    def resume(self, soc_e5: int, sigma_e5: int) -> None:
        """Go on where a run before this one ended, unless the first look speaks against it."""
        self._size()
        self.set(0)
        self._started = False
        self._move(self._mah * (soc_e5 // 100) + self._mah * (soc_e5 % 100) // 100)
        self.voltage.reset(max(sigma_e5, 100))
        self._limit()

    def guess(self, soc_pm: int) -> None:
        """Take somebody's guess for a beginning; voltage shall decide as soon as it can."""
        self._start(soc_pm)
        self.voltage.reset(_UNKNOWN_E5)
        belief = self.voltage.belief
        belief.reset(WHOLE_E5 // 2 - self.soc_e5(), _UNKNOWN_E5)
        belief.lean(0, _GUESS_E5)
        self._correct()

    def step(self, snap, dt_ms: int) -> None:
        """Account for `dt_ms` just passed."""
        self.anchor = ANCHOR_NONE
        self.ticked = False
        dt_ms = max(0, min(dt_ms, _DT_MAX_MS))
        if not snap.fresh:
            dt_ms = min(dt_ms, self._bridge_ms)
            self._bridge_ms -= dt_ms
            self._count(self._last_ma, dt_ms)
            return
        if not self._started and snap.plausible:
            self._look(snap)
        self._last_ma = snap.pack_ma
        self._bridge_ms = self._config.stale_ms
        self._count(snap.pack_ma, dt_ms)
        self._tick_ms += dt_ms
        if self._tick_ms >= _TICK_MS:
            self.ticked = True
            self._tick(snap)
        if not snap.plausible:
            return
        anchor = self.anchors.step(snap, dt_ms)
        if anchor:
            self._take_anchor(anchor)
        elif self._lfp and self.voltage.step(snap, dt_ms, self.ticked, self):
            self._correct()
        elif self.ticked and dt_ms < _TICK_MS:
            self._owed = True  # a tick is long already
        elif self.ticked or self._owed:
            self._owed = False
            self._limit()

    def _start(self, soc_pm: int) -> None:
        self._started = True
        self._move(max(0, min(soc_pm, _WHOLE_PM)) * self._mah)

    def _count(self, ma: int, dt_ms: int) -> None:
        """The path of every scan, kept short: `coulomb` in place. Counting alone reaches neither end."""
        part = ma % _PER_UAH * dt_ms + self._rest
        self._rest = part % _PER_UAH
        delta = ma // _PER_UAH * dt_ms + part // _PER_UAH
        mah = self._mah
        charge = self.charge_uah + delta
        if delta > 0:
            self._in_uah += delta
            if charge > mah * 999:
                charge = max(self.charge_uah, mah * 999)
        else:
            self._out_uah -= delta
            if charge < mah:
                charge = min(self.charge_uah, mah)
        self.charge_uah = charge
        self.soc_pm = charge // mah

    def _tick(self, snap) -> None:
        """Once a second: hand on what has flowed, and take the trims."""
        trim = self.trim
        into = self.new_in_uah = self._in_uah
        out = self.new_out_uah = self._out_uah
        self._in_uah = self._out_uah = 0
        trim.in_uah += into
        trim.out_uah += out
        self._cycle_uah += out
        while self._cycle_uah >= self.capacity_uah:
            self._cycle_uah -= self.capacity_uah
            self.cycles += 1
        by = trim.step(snap, self._tick_ms)
        self.voltage.flow_uah += into - out + by
        self._tick_ms = 0
        if by:
            self._shift(by)

    def _shift(self, delta_uah: int) -> None:
        """A trim: it reaches neither end either."""
        charge = self.charge_uah
        short_uah = self._mah  # 0.1 %
        if delta_uah > 0:
            self._move(min(charge + delta_uah, max(charge, self.capacity_uah - short_uah)))
        else:
            self._move(max(charge + delta_uah, min(charge, short_uah)))

    def _take_anchor(self, anchor: int) -> None:
        self.anchor = anchor
        self.anchor_from_pm = self.soc_pm
        self.guessed = False
        if anchor == ANCHOR_FULL:
            self.trim.full()
            self._size()
        self._move(self.capacity_uah if anchor == ANCHOR_FULL else 0)
        self.voltage.reset(_FULL_E5 if anchor == ANCHOR_FULL else _EMPTY_E5)
        self._limit()

    def _size(self) -> None:
        """Use what has been learned of the capacity, where the SoC is 100 % of any."""
        rated_mah = self._config.capacity_mah
        if rated_mah < 100000:
            mah = rated_mah * self.capacity_e4 // 10000
        else:
            mah = rated_mah // 100 * self.capacity_e4 // 100
        off = abs(mah - self._mah) // (1 + rated_mah // 1000)
        if off * 10 > 2 * self.capacity_sigma_e4:  # within its own doubt it is no news
            self._mah = mah
            self.capacity_uah = mah * 1000

    def _correct(self) -> None:
        """Move the count to the mean of what is believed."""
        belief = self.voltage.belief
        now = self.soc_e5()
        by = max(0, min(now + belief.mean_e5, WHOLE_E5)) - now
        belief.shift(by)
        mah = self._mah
        charge = self.charge_uah + by * (mah // 100) + by * (mah % 100) // 100
        self._move(max(0, min(charge, self.capacity_uah)))
        self._limit()

    def _limit(self) -> None:
        """95 % limits: the belief's, wider by what a rated capacity may be wrong."""
        belief = self.voltage.belief
        now = self.soc_e5()
        more = abs(self.voltage.net_e5) * self.capacity_sigma_e4 // 5000
        self.soc_lo_pm = max(0, min((now + belief.low_e5 - more) // 100, self.soc_pm))
        self.soc_hi_pm = min(_WHOLE_PM, max((now + belief.high_e5 + more) // 100 + 1, self.soc_pm))

    def _move(self, charge_uah: int) -> None:
        self.charge_uah = charge_uah
        self.soc_pm = charge_uah // self._mah

    def _denied(self, snap) -> bool:
        """At rest, but not at any voltage of the SoC that we remember: other cells, or charged elsewhere."""
        if not self._lfp or abs(snap.pack_ma) >= self._config.idle_ma:
            return False
        curve = self.voltage.curve
        seen_dmv = squeeze(snap.cell_sum_mv * 10 // snap.cell_n)
        low_dmv = curve.at(self.soc_lo_pm * 100, -_WHOLE_PM) - _DENIED_DMV
        return not low_dmv <= seen_dmv <= curve.at(self.soc_hi_pm * 100, _WHOLE_PM) + _DENIED_DMV

    def _look(self, snap) -> None:
        """First sight of a pack that we have no memory of, or no longer trust it."""
        if not self.guessed and not self._denied(snap):
            self._started = True
            return
        self._start(_UNKNOWN_PM)
        self.guessed = True
        self.voltage.reset(_UNKNOWN_E5)
        if not self._lfp or abs(snap.pack_ma) >= self._config.idle_ma:
            return
        if snap.cell_min_mv <= _BOTTOM_MV[-1]:
            self._start(interpolate(snap.cell_min_mv, _BOTTOM_MV, _BOTTOM_PM))
            self.voltage.reset(_EDGE_E5)
        elif snap.cell_min_mv >= _TOP_MV[0]:
            self._start(interpolate(snap.cell_min_mv, _TOP_MV, _TOP_PM))
            self.voltage.reset(_EDGE_E5)
