"""What the current makes of a cell's voltage, learned while it varies.

The fast resistance is what a step of the current shows from one reading to the next. The slow one is
what then follows within a minute or two: voltage and current are compared with their own slow averages,
so that the rest voltage drops out (normalised least mean squares). Polarisation slower still cannot be
told from a rest voltage that moves; it is taken to be half as much again, and all of it is doubted.

Currents in 1e-3 C (`_e3`), resistances in 0.01 mV per C (`_cmv`), voltages in 0.1 mV (`_dmv`).
Bounds: 10000 e3 * 25000 cmv, three times = 7.5e8 < 2^30; averages in 1/256: 2.6e6 e3 and 1.5e7 dmv, times
60 s = 9e8; in 1/4096: 8.2e7 * 12 s = 9.8e8.
"""

from micropython import const

_I_MAX_E3 = const(10000)
_FAST_CMV = const(4500)  # before anything is learned: 0.45 mohm of a cell of 100 Ah
_SLOW_CMV = const(1500)
_FAST_MIN_CMV = const(100)
_FAST_MAX_CMV = const(25000)
_TAU_1_S = const(20)
_TAU_2_S = const(160)
_TAU_3_S = const(1500)
_DT_MAX_S = const(60)
_DT_SHORT_S = const(12)
_STEP_S = const(10)  # readings farther apart show no step
_STEP_E3 = const(80)  # a step worth learning from
_LIVELY_E3 = const(40)  # variation worth learning from
_ERROR_MAX_DMV = const(2000)
_SURE_N = const(20)
_DOUBT_MAX_E3 = const(5000)


class Drop:
    """Learns and predicts the overpotential of the average cell."""

    def __init__(self):
        self.fast_cmv = _FAST_CMV
        self.slow_cmv = _SLOW_CMV
        self.steps_n = 0  # learned from, saturates
        self.i1 = self.i2 = 0  # averages of the current, 1/256 e3
        self.i3 = 0  # the slowest, 1/4096 e3
        self._v2 = 0  # average of the voltage, 1/256 dmv
        self._before_e3 = 0
        self._before_dmv = 0

    def step(self, dmv: int, i_e3: int, dt_s: int) -> int:
        """Take one reading; the part of its voltage that is due to the current."""
        i_e3 = max(-_I_MAX_E3, min(i_e3, _I_MAX_E3))
        dt_s = min(dt_s, _DT_MAX_S)
        if not self._before_dmv:
            self._v2 = dmv << 8
            self._before_dmv = dmv
            self._before_e3 = i_e3
        now = i_e3 << 8
        self.i1 += (now - self.i1) * dt_s // (_TAU_1_S + dt_s)
        self.i2 += (now - self.i2) * dt_s // (_TAU_2_S + dt_s)
        short_s = min(dt_s, _DT_SHORT_S)
        self.i3 += ((i_e3 << 12) - self.i3) * short_s // (_TAU_3_S + short_s)
        self._v2 += ((dmv << 8) - self._v2) * dt_s // (_TAU_2_S + dt_s)
        if dt_s <= _STEP_S:
            self._learn_fast(dmv - self._before_dmv, i_e3 - self._before_e3)
            self._learn_slow(dmv - (self._v2 >> 8), i_e3 - (self.i2 >> 8))
        self._before_dmv = dmv
        self._before_e3 = i_e3
        slow = ((self.i1 + (self.i2 >> 1)) >> 8) + (self.i3 >> 13)
        return (self.fast_cmv * i_e3 + self.slow_cmv * slow) // 10000

    def known(self) -> bool:
        """Has it seen enough steps, or is there too little load to matter?"""
        return self.steps_n >= 5 or abs(self.i2) <= 100 << 8

    def doubt_dmv(self) -> int:
        """How wrong `step` may be, from the load that has lasted."""
        whole_cmv = (self.fast_cmv >> 2) + self.slow_cmv
        if self.steps_n < _SURE_N:
            whole_cmv *= 4
        return min(abs(self.i2) >> 8, _DOUBT_MAX_E3) * whole_cmv // 7000

    def _learn_fast(self, dv_dmv: int, di_e3: int) -> None:
        """A quarter of what a step says, less of a small one; later a sixteenth."""
        size = abs(di_e3)
        if size < _STEP_E3:
            return
        error = dv_dmv - self.fast_cmv * di_e3 // 10000
        error = max(-_ERROR_MAX_DMV, min(error, _ERROR_MAX_DMV))
        by = error * 2500 // (size + 90000 // size)
        if di_e3 < 0:
            by = -by
        if self.steps_n > _SURE_N:
            by >>= 2
        self.fast_cmv = max(_FAST_MIN_CMV, min(self.fast_cmv + by, _FAST_MAX_CMV))
        self.steps_n = min(self.steps_n + 1, 1000)

    def _learn_slow(self, dv_dmv: int, di_e3: int) -> None:
        lively = (self.i1 - self.i2) >> 8
        if abs(lively) < _LIVELY_E3 or self.steps_n < 5:
            return
        error = dv_dmv - (self.fast_cmv * di_e3 + self.slow_cmv * lively) // 10000
        error = max(-200, min(error, 200))
        slow = self.slow_cmv + error * 150 * lively // (lively * lively + 40000)
        self.slow_cmv = max(self.fast_cmv >> 4, min(slow, self.fast_cmv))
