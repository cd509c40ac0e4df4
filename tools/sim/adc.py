"""The surface of `machine.ADC` behind a divider: 12 bits, as on an RP2040, left-aligned in 16."""


class FakeADC:
    """`read_v()` is the voltage before the divider, `full_mv` what reads full scale."""

    def __init__(self, read_v, full_mv: int):
        self._read_v = read_v
        self._full_mv = full_mv

    def read_u16(self) -> int:
        code = int(self._read_v() * 1000.0 * 4096.0 / self._full_mv + 0.5)
        return min(max(code, 0), 4095) << 4
