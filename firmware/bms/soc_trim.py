"""What the current sensor does not tell: its offset, its asymmetry, self-discharge, own consumption.

Offset: learned while both FETs are open and nothing can flow. Asymmetry: between two full charges as much
flows out as in; what differs is the gain of charging against discharging (and the little that the cells
lose). Self-discharge: leak_pm a month at 25 degC, doubled by every 10 K. Own consumption: own_ma, what the
electronics draw past the shunt.

Currents in 1/4 mA (`_q`), the gain in 1e-4 (`_e4`).
Bounds: 327000 mA * 1500 e4 = 4.9e8; capacity 1e6 mAh * 4 * 100 pm = 4e8; an offset of
2000 q * 1024 * 120 s = 2.5e8 < 2^30.
"""

from micropython import const

from coulomb import Coulomb
from roles import BOTH, TEMP_NONE

_GAIN_MAX_E4 = const(1500)
_HOURS = const(730000)  # of a month, times 1000
_IDLE_MS = const(60000)  # both FETs open for so long: nothing flows any more
_TAU_S = const(600)
_OFFSET_PART = const(2000)  # an offset beyond 5e-4 C is none
_CHARGE_MAX_MAH = const(100000000)


class Trim:
    """Learns corrections and gives them as charge."""

    def __init__(self, config):
        self._config = config
        mah = config.capacity_mah
        self._leak_q = mah * 4 * config.leak_pm // _HOURS
        self._offset_max_q = mah * 4 // _OFFSET_PART
        self.offset_q = 0
        self.gain_e4 = 0  # charge current is really so much more
        self.gain_n = 0  # full-to-full spans learned from
        self._average = 0  # of the idle current, 1/1024 q
        self._idle_ms = 0
        self._charge = Coulomb(4)
        self.in_uah = self.in_mah = 0  # counted since the last full anchor
        self.out_uah = self.out_mah = 0
        self.from_full = False

    def step(self, snap, dt_ms: int) -> int:
        """Charge in uAh to add to what was counted in `dt_ms`, some seconds at most a minute or two."""
        ma = snap.pack_ma
        self._learn_offset(snap, ma, dt_ms)
        self._carry()
        q = -self._leak(snap.temp_max_ddegc) - 4 * self._config.own_ma - self.offset_q
        if ma > 0:
            q += ma * self.gain_e4 // 2500
        return self._charge.add(q, dt_ms)

    def full(self) -> None:
        """A full anchor: compare what went in with what went out since the last one."""
        half_mah = self._config.capacity_mah // 2
        if self.from_full and self.out_mah >= half_mah and 0 < self.in_mah < _CHARGE_MAX_MAH:
            scale = max(1, self.in_mah // 100000 + 1)
            part = (self.out_mah - self.in_mah) // scale
            found = max(-100000, min(part, 100000)) * 10000 // (self.in_mah // scale)
            found = max(-_GAIN_MAX_E4, min(found, _GAIN_MAX_E4))
            self.gain_n = min(self.gain_n + 1, 4)
            self.gain_e4 += (found - self.gain_e4) // self.gain_n
        self.from_full = True
        self.in_uah = self.in_mah = self.out_uah = self.out_mah = 0

    def _leak(self, temp_ddegc: int) -> int:
        """Self-discharge now."""
        if temp_ddegc == TEMP_NONE:
            return self._leak_q
        tens = (temp_ddegc - 250) // 100
        if tens < 0:
            return self._leak_q >> min(-tens, 8)
        return self._leak_q << min(tens, 3)

    def _learn_offset(self, snap, ma: int, dt_ms: int) -> None:
        if snap.fets & BOTH or abs(ma) > self._config.idle_ma:
            self._idle_ms = 0
            return
        if self._idle_ms < _IDLE_MS:
            self._idle_ms += dt_ms
            return
        seen = max(-self._offset_max_q, min(4 * ma, self._offset_max_q))
        dt_s = dt_ms // 1000
        self._average += ((seen << 10) - self._average) * dt_s // (_TAU_S + dt_s)
        self.offset_q = (self._average + 512) >> 10

    def _carry(self) -> None:
        """Tallies in uAh are kept small."""
        if self.in_uah >= 1000:
            self.in_mah = min(self.in_mah + self.in_uah // 1000, _CHARGE_MAX_MAH)
            self.in_uah %= 1000
        if self.out_uah >= 1000:
            self.out_mah = min(self.out_mah + self.out_uah // 1000, _CHARGE_MAX_MAH)
            self.out_uah %= 1000
