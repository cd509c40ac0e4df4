"""Configuration register groups A and B of every device of a chain: what they shall hold, and whether.

Bits that the chip answers with something else than what was written are left out of the comparison:
GPIO reads the pins, DTEN its own pin, DCTO the minutes that are left. LTC6813 data sheet "Configuration
Register Groups".
"""

from micropython import const

from ltc681x_parts import HAS_B

WRCFGA = const(0x001)
RDCFGA = const(0x002)
WRCFGB = const(0x024)
RDCFGB = const(0x026)

_N = const(6)
_A0 = const(0xFC)  # pull-downs of GPIO1-5 off, REFON
_B0 = const(0x0F)  # pull-downs of GPIO6-9 off
_REFON = const(0x04)
_MASK_A = b"\x05\xff\xff\xff\xff\x0f"
_MASK_B = b"\xf0\xff\x00\x00\x00\x00"
_LOW_A_N = const(8)  # DCC1-8: byte 4 of A, 9-12: byte 5; 13-16: byte 0 of B, 17, 18: byte 1
_ALL_A_N = const(12)
_CODE_MAX = const(0xFFF)
_STEP = const(16)  # of VUV and VOV, 0.1 mV


class Settings:
    """Wanted contents of both groups, nearest device first."""

    def __init__(self, part, layout):
        n = layout.device_n
        self._has_b = part[HAS_B]
        self._layout = layout
        self.a = bytearray(_N * n)
        self.b = bytearray(_N * n)
        for i in range(0, _N * n, _N):
            self.a[i] = _A0
            self.b[i] = _B0
        self._set_limits(0, _CODE_MAX)
        self.lost = False  # a device holds what it holds after a reset

    def limit(self, cuv_mv: int, cov_mv: int):
        """Set both limits, rounded to the side that trips earlier; what they are worth, in mV."""
        cuv = -(-cuv_mv * 10 // _STEP) - 1
        cov = cov_mv * 10 // _STEP
        for name, mv, code in (("chip_cuv_mv", cuv_mv, cuv), ("chip_cov_mv", cov_mv, cov)):
            if not 0 < code <= _CODE_MAX:
                raise ValueError(f"{name}: {mv} does not fit 12 bits of 1.6 mV")
        self._set_limits(cuv, cov)
        return (cuv + 1) * _STEP // 10, cov * _STEP // 10

    def bleed(self, mask: int) -> None:
        """Set the discharge bits: bit i of `mask` = cell i of the chain."""
        layout = self._layout
        for device in range(layout.device_n):
            k = device * _N
            self.a[k + 4] = self.a[k + 5] = 0
            self.b[k] = _B0
            self.b[k + 1] = 0
            for cell in range(layout.cells[device]):
                if mask >> (layout.first[device] + cell) & 1:
                    self._set_dcc(k, cell)

    def write(self, link, bleeding: bool = True) -> None:
        """Both groups to all devices; `bleeding` False: no cell bleeds."""
        for i in range(len(link.out)):
            discharges = i % _N >= 4
            link.out[i] = self.a[i] if bleeding or not discharges else 0
        link.write(WRCFGA)
        if self._has_b:
            for i in range(len(link.out)):
                link.out[i] = self.b[i]
            link.write(WRCFGB)

    def differ_n(self, link, bleeding: bool = True) -> int:
        """Read group A back: how many bytes differ; sets `lost`."""
        link.read(RDCFGA)
        data = link.data
        self.lost = False
        count = 0
        for i in range(len(data)):
            k = i % _N
            want = self.a[i] if bleeding or k < 4 else 0
            if (data[i] ^ want) & _MASK_A[k]:
                count += 1
            if k == 0 and not data[i] & _REFON:
                self.lost = True
        return count

    def differ_b_n(self, link) -> int:
        """The same of group B, where there is one."""
        if not self._has_b:
            return 0
        link.read(RDCFGB)
        count = 0
        for i in range(len(link.data)):
            if (link.data[i] ^ self.b[i]) & _MASK_B[i % _N]:
                count += 1
        return count

    def _set_limits(self, cuv: int, cov: int) -> None:
        for k in range(0, len(self.a), _N):
            self.a[k + 1] = cuv & 0xFF
            self.a[k + 2] = cuv >> 8 | (cov & 0x0F) << 4
            self.a[k + 3] = cov >> 4

    def _set_dcc(self, k: int, cell: int) -> None:
        if cell < _LOW_A_N:
            self.a[k + 4] |= 1 << cell
        elif cell < _ALL_A_N:
            self.a[k + 5] |= 1 << (cell - _LOW_A_N)
        elif cell < 16:
            self.b[k] |= 16 << (cell - _ALL_A_N)
        else:
            self.b[k + 1] |= 1 << (cell - 16)
