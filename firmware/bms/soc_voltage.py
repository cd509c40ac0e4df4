"""The voltage's word on the charge: what is measured, what of it may be believed, and by how much.

Once a second the average cell is read and the current's part taken off (`soc_drop`). Half a minute of
that is one observation for `soc_belief`; its noise is the curve's, plus doubt about the overpotential,
plus 2 % of SoC on the slope of the curve, which keeps the steep ends modest. The branch between discharge
and charge curve follows the net charge (a play operator: small charges within a discharge do not count).

One observation is worked off in slices, one a scan, so that no scan is held up: see docs/soc.md.

What makes a count wrong grows with the charge moved since the anchor (gain), with time (offset), with all
charge moved (asymmetry). Charge in 1e-5 of capacity (`_e5`), voltages in 0.1 mV (`_dmv`).
Bounds: charge moved since an anchor is held at 1e6 e5; 200 * 1e6 = 2e8 < 2^30.
"""

from micropython import const

from bms.soc_belief import HYPOTHESES_N, SLICE_N, Belief, root
from bms.soc_curve import squeeze
from bms.soc_drop import Drop

_WINDOW_S = const(30)
_MIDDLE_LOW_E5 = const(40000)
_MIDDLE_HIGH_E5 = const(60000)
_KNOWN_E5 = const(3000)
_LOW_DMV = const(50)  # of a rest voltage at the lower end, squeezed
_NOISE_DMV = const(200)
_SLOPE_E5 = const(1000)
_BRANCH_E5 = const(6000)  # net charge from the middle to a branch
_CELL_MIN_DMV = const(15000)  # less is no reading
_DRIFT_S = const(20)  # dmv^2 in 100 s
_GAIN_PM = const(10)  # of the charge moved since the anchor
_OFFSET_E5_H = const(10)  # a current offset of 1e-4 C
_ASYMMETRY_PM = const(3)  # of all charge moved
_MOVED_MAX_E5 = const(1000000)
_TIME_MAX_S = const(10000000)
_WHOLE_PM = const(1000)

# the slices of one observation
_IDLE = const(0)
_SPREAD = const(1)
_OBSERVE = _SPREAD + HYPOTHESES_N // SLICE_N
_WEIGH = _OBSERVE + HYPOTHESES_N // SLICE_N
_JUDGE = _WEIGH + 1
_BOUND = _WEIGH + 2
_REFIT = _WEIGH + 3


class Voltage:
    """Feeds a `Belief` about the error of the count."""

    def __init__(self, config, curve):
        self.curve = curve
        self.belief = Belief(curve, curve.bias_dmv)
        self.drop = Drop()
        self.branch_pm = 0
        self.net_e5 = 0  # moved since the anchor
        self._capacity_mah = config.capacity_mah
        self._phase = _IDLE
        self._ms = 0
        self._window_s = 0
        self._sum_dmv = 0
        self._read_n = 0
        self.flow_uah = 0  # in this window, whatever the count does at its ends
        self._at_e5 = 0  # count that the observation belongs to
        self._seen_dmv = 0
        self.through_e5 = 0
        self.since_s = 0
        self._plateau_dmv = 0  # bias when the SoC was in the middle and well known
        self.low_e5 = -1  # what the last observation alone says, at the lower end
        self.low_sigma_e5 = 0
        self.closed = False  # a window has just ended: the three that follow are new
        self.moved_e5 = 0  # in it

    def reset(self, sigma_e5: int) -> None:
        """The count has just been set right, to within so much."""
        self.belief.reset(0, sigma_e5)
        self.net_e5 = self.through_e5 = self.since_s = 0
        self._forget()

    def step(self, snap, dt_ms: int, ticked: bool, soc) -> bool:
        """Account for `dt_ms`. True: the belief has a new mean and new limits, from a reading.

        A reading and a slice do not fall on the same scan, unless scans are as rare as seconds.
        """
        self.closed = False
        self._ms += dt_ms
        if ticked:
            dt_s = self._ms // 1000
            self._ms -= dt_s * 1000
            self._read(snap, dt_s)
            if dt_ms < 1000:
                return False
        if self._phase != _IDLE:
            return self._slice()
        if self._window_s >= _WINDOW_S:
            self._close(soc.soc_e5())
        return False

    def busy(self) -> bool:
        """Is an observation being worked off?"""
        return self._phase != _IDLE

    def _forget(self) -> None:
        self._phase = _IDLE
        self._window_s = self._sum_dmv = self._read_n = 0

    def _read(self, snap, dt_s: int) -> None:
        self._window_s += dt_s
        dmv = snap.cell_sum_mv * 10 // snap.cell_n
        if dmv < _CELL_MIN_DMV or self._read_n > 1000:
            return
        i_e3 = snap.pack_ma * 1000 // self._capacity_mah
        self._sum_dmv += dmv - self.drop.step(dmv, i_e3, dt_s)
        self._read_n += 1

    def _close(self, soc_e5: int) -> None:
        """End of a window: what it says, and how far the count and the bias may have gone off."""
        mah = self._capacity_mah
        flow = self.flow_uah
        moved = flow // mah * 100 + flow % mah * 100 // mah
        self.flow_uah = flow - moved * (mah // 100) - moved * (mah % 100) // 100
        self._at_e5 = soc_e5 - moved // 2
        size = min(abs(moved), 100000)
        self.branch_pm += moved * _WHOLE_PM // _BRANCH_E5
        self.branch_pm = max(-_WHOLE_PM, min(self.branch_pm, _WHOLE_PM))
        self.belief.spread(self._count_var(moved, size))
        believed = self._read_n > 0 and self.drop.known()
        self.low_e5 = -1
        if believed:
            self._seen_dmv = squeeze(self._sum_dmv // self._read_n)
            drift = self.curve.drift * size // 100 + _DRIFT_S * self._window_s // 100
            noise_var = self._noise_var()
            self.belief.begin(noise_var, drift)
            self._look_low(noise_var)
        self.belief.observing = believed
        self.moved_e5 = moved
        self.closed = True
        self._forget()
        self._phase = _SPREAD

    def _look_low(self, noise_var: int) -> None:
        """A steep curve says a SoC by itself, once the bias is known from where it is flat."""
        if _MIDDLE_LOW_E5 < self._at_e5 < _MIDDLE_HIGH_E5 and self.belief.sigma_e5 < _KNOWN_E5:
            self._plateau_dmv = self.belief.likely_bias() >> 4
        seen = self._seen_dmv - self._plateau_dmv
        self.low_e5 = self.curve.low_at(seen, self.branch_pm)
        if self.low_e5 >= 0:
            near = max(self.low_e5, _SLOPE_E5)
            rise = self.curve.at(near + _SLOPE_E5, 0) - self.curve.at(near - _SLOPE_E5, 0)
            doubt = _LOW_DMV + 2 * self.drop.doubt_dmv()
            sigma_e5 = min(doubt * 2 * _SLOPE_E5 // max(1, rise), 20000)
            curve_e5 = self.curve.low_sigma_e5
            self.low_sigma_e5 = root(sigma_e5 * sigma_e5 + curve_e5 * curve_e5)

    def _noise_var(self) -> int:
        curve = self.curve
        rise = curve.at(self._at_e5 + _SLOPE_E5, 0) - curve.at(self._at_e5 - _SLOPE_E5, 0)
        rise = min(2 * rise, 10000)
        doubt = min(self.drop.doubt_dmv() * 2, 10000)
        return _NOISE_DMV * _NOISE_DMV + doubt * doubt + rise * rise

    def _count_var(self, moved: int, size: int) -> int:
        """By how much the variance of the count has grown, e5^2. Gain: the count comes back with it."""
        before = _GAIN_PM * abs(self.net_e5) // _WHOLE_PM
        net = self.net_e5 + moved
        self.net_e5 = max(-_MOVED_MAX_E5, min(net, _MOVED_MAX_E5))
        after = _GAIN_PM * abs(self.net_e5) // _WHOLE_PM
        var = max(0, after * after - before * before)
        before = _OFFSET_E5_H * self.since_s // 3600
        self.since_s = min(self.since_s + self._window_s, _TIME_MAX_S)
        after = _OFFSET_E5_H * self.since_s // 3600
        var += after * after - before * before
        before = _ASYMMETRY_PM * self.through_e5 // _WHOLE_PM
        self.through_e5 = min(self.through_e5 + size, 10 * _MOVED_MAX_E5)
        after = _ASYMMETRY_PM * self.through_e5 // _WHOLE_PM
        return var + after * after - before * before

    def _slice(self) -> bool:
        phase = self._phase
        belief = self.belief
        self._phase = phase + 1
        if phase < _OBSERVE:
            belief.diffuse((phase - _SPREAD) * SLICE_N)
        elif phase < _WEIGH:
            if belief.observing:
                first = (phase - _OBSERVE) * SLICE_N
                belief.observe(first, self._at_e5, self._seen_dmv, self.branch_pm)
        elif phase == _WEIGH:
            belief.weigh()
        elif phase == _JUDGE:
            belief.judge()
        elif phase == _BOUND:
            belief.bound()
        elif phase == _REFIT:
            belief.refit()
        else:
            belief.refit_bias()
            self._phase = _IDLE
            return belief.observing
        return False
