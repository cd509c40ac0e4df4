"""The protections of the BQ769x0 model: two comparators at the shunt, two comparisons of codes.

OCD and SCD sample at 32 kHz whatever happens; OV and UV look at each new set of codes while the ADC is on.
SLUSBK2I section 8.3.1.2. Delays are nominal; silicon is 20 to 75 % off.
"""

NEVER = 1 << 62

_SCD_MV = (44, 67, 89, 111, 133, 155, 178, 200)
_SCD_HALF_MV = (22, 33, 44, 56, 67, 78, 89, 100)
_SCD_US = (70, 100, 200, 400)
_OCD_MV = (17, 22, 28, 33, 39, 44, 50, 56, 61, 67, 72, 78, 83, 89, 94, 100)
_OCD_HALF_MV = (8, 11, 14, 17, 19, 22, 25, 28, 31, 33, 36, 39, 42, 44, 47, 50)
_OCD_MS = (8, 20, 40, 80, 160, 320, 640, 1280)
_UV_S = (1, 4, 8, 16)
_OV_S = (1, 2, 4, 8)
_UV_LEAST = 0x0518  # codes below are shorted inputs

_UV = 0x08
_OV = 0x04
_SCD = 0x02
_OCD = 0x01


def sampled(now_us: int) -> int:
    """The next sample of a 32 kHz comparator."""
    return (now_us * 32 + 999) // 1000 * 1000 // 32


class Protect:
    """What is beyond its limit, and since when."""

    def __init__(self, chip):
        self.chip = chip

    def reset(self) -> None:
        self.due_us = NEVER
        self._since = {_SCD: NEVER, _OCD: NEVER, _OV: NEVER, _UV: NEVER}
        self.configure()

    def configure(self) -> None:
        """Limits and delays from the registers."""
        regs = self.chip.regs
        one, two, three = regs[6], regs[7], regs[8]
        full = one & 0x80
        self.scd_uv = (_SCD_MV if full else _SCD_HALF_MV)[one & 7] * 1000.0
        self.scd_us = _SCD_US[one >> 3 & 3]
        self.ocd_uv = (_OCD_MV if full else _OCD_HALF_MV)[two & 15] * 1000.0
        self.ocd_us = _OCD_MS[two >> 4 & 7] * 1000
        self.uv_us = _UV_S[three >> 6 & 3] * 1000000
        self.ov_us = _OV_S[three >> 4 & 3] * 1000000
        self.ov_code = 0x2008 | regs[9] << 4
        self.uv_code = 0x1000 | regs[10] << 4

    def run(self, now_us: int) -> None:
        """The comparators."""
        discharge_uv = -self.chip.measure.uv
        self.due_us = NEVER
        tripped = self._compare(now_us, _SCD, discharge_uv >= self.scd_uv, self.scd_us)
        tripped |= self._compare(now_us, _OCD, discharge_uv >= self.ocd_uv, self.ocd_us)
        if tripped:
            self.chip.latch(tripped)

    def _compare(self, now_us: int, bit: int, beyond: bool, delay_us: int) -> int:
        if not beyond:
            self._since[bit] = NEVER
            return 0
        if self._since[bit] == NEVER:
            self._since[bit] = sampled(now_us)
        due_us = self._since[bit] + delay_us
        if now_us >= due_us:
            self._since[bit] = NEVER
            return bit
        self.due_us = min(self.due_us, due_us)
        return 0

    def cycle(self, now_us: int) -> None:
        """Cells, at each new set of codes."""
        codes = self.chip.measure.codes
        over = max(codes) > self.ov_code
        under = False
        for code in codes:
            if _UV_LEAST <= code < self.uv_code:
                under = True
        tripped = self._qualify(now_us, _OV, over, self.ov_us)
        tripped |= self._qualify(now_us, _UV, under, self.uv_us)
        if tripped:
            self.chip.latch(tripped)

    def _qualify(self, now_us: int, bit: int, beyond: bool, delay_us: int) -> int:
        if not beyond:
            self._since[bit] = NEVER
        elif self._since[bit] == NEVER:
            self._since[bit] = now_us
        elif now_us - self._since[bit] >= delay_us:
            return bit
        return 0
