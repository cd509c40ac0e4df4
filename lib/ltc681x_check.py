"""Tests that an LTC681x can do on itself, and on the wires to its cells.

`all` runs every self-test once, some 40 ms: digital filters and memory of all three kinds of result
(CVST, AXST, STATST), multiplexer (DIAGN), two converters on one cell (ADOL). `up` and `down` are the
two halves of the data sheet's open-wire check with ADOW; what they find is in `open`, a byte for each
cell that cannot be trusted. Sources: LTC6811 and LTC6813 data sheets "Accuracy Check" to "Open Wire Check".
"""

import errno
from array import array

from micropython import const

from ltc681x_parts import AUX_US, CELL_US, CELLS_A_GROUP, INPUT_N, RDAUX, RDCV

CLRCELL = const(0x711)
CLRAUX = const(0x712)
CLRSTAT = const(0x713)
_RDSTATA = const(0x010)
_RDSTATB = const(0x012)
# 7 kHz throughout: MD = 2
_CVST_1 = const(0x327)
_CVST_2 = const(0x347)
_AXST_1 = const(0x527)
_AXST_2 = const(0x547)
_STATST_1 = const(0x52F)
_STATST_2 = const(0x54F)
_ADOL = const(0x301)
_ADOW_UP = const(0x368)
_ADOW_DOWN = const(0x328)
_DIAGN = const(0x715)
_PATTERN_1 = const(0x9555)
_PATTERN_2 = const(0x6AAA)
_STAT_US = const(1600)
_DIAGN_US = const(400)
_MUXFAIL = const(0x02)  # byte 5 of STATB
_OPEN_CODE = const(4000)  # 0.1 mV
_ZERO_CODE = const(100)
_OVERLAP_CODE = const(20)  # Linduino's limit
_ADOL_FIRST = const(2)  # groups with the results of ADOL
_ADOL_STEP = const(2)
_GROUP_N = const(6)


class Check:
    """Self-tests and wire tests of a chain."""

    def __init__(self, link, part, layout):
        self._link = link
        self._part = part
        self._layout = layout
        self._groups = part[INPUT_N] // CELLS_A_GROUP
        self._up = array("H", [0] * (layout.device_n * CELLS_A_GROUP * layout.group_n))
        self._down = array("H", self._up)
        self.open = bytearray(layout.cell_n)  # 1: a wire of this cell is open
        self._second = False

    def all(self) -> None:
        """Every self-test; `OSError` names the first that fails."""
        self._filters(_CVST_1, CLRCELL, self._part[CELL_US], RDCV, self._groups, _PATTERN_1)
        self._filters(_CVST_2, CLRCELL, self._part[CELL_US], RDCV, self._groups, _PATTERN_2)
        self._filters(_AXST_1, CLRAUX, self._part[AUX_US], RDAUX, 2, _PATTERN_1)
        self._filters(_AXST_2, CLRAUX, self._part[AUX_US], RDAUX, 2, _PATTERN_2)
        self._status(_STATST_1, _PATTERN_1)
        self._status(_STATST_2, _PATTERN_2)
        self._multiplexer()
        self._overlap()

    def step(self) -> None:
        """The cells' digital filters, with each pattern in turn."""
        self._second = not self._second
        code = _CVST_2 if self._second else _CVST_1
        pattern = _PATTERN_2 if self._second else _PATTERN_1
        self._filters(code, CLRCELL, self._part[CELL_US], RDCV, self._groups, pattern)

    def up(self) -> None:
        """First half of the wire check: every input pulled up."""
        self._pull(_ADOW_UP, self._up)

    def down(self) -> None:
        """Second half: pulled down; then judge."""
        self._pull(_ADOW_DOWN, self._down)
        layout = self._layout
        for i in range(layout.cell_n):
            self.open[i] = 0
        for device in range(layout.device_n):
            self._judge(device, layout.first[device], layout.cells[device])

    def _filters(self, code: int, clear: int, us: int, groups, n: int, pattern: int) -> None:
        link = self._link
        link.command(clear)
        link.convert(code, us)
        for g in range(n):
            link.read(groups[g])
            self._expect(code, pattern, 0, _GROUP_N)

    def _status(self, code: int, pattern: int) -> None:
        link = self._link
        link.command(CLRSTAT)
        link.convert(code, _STAT_US)
        link.read(_RDSTATA)
        self._expect(code, pattern, 0, _GROUP_N)
        link.read(_RDSTATB)
        self._expect(code, pattern, 0, 2)

    def _expect(self, code: int, pattern: int, start: int, end: int) -> None:
        """Every word of the group that has just been read, from byte `start` to `end`."""
        data = self._link.data
        for i in range(0, len(data), _GROUP_N):
            for k in range(i + start, i + end, 2):
                seen = data[k] | data[k + 1] << 8
                if seen != pattern:
                    why = "self-test found 0x{:04x}"
                    self._link.fail_at(code, i // _GROUP_N, why, errno.EIO, seen)

    def _multiplexer(self) -> None:
        link = self._link
        link.command(CLRSTAT)  # sets MUXFAIL: a test that never ran has failed
        link.convert(_DIAGN, _DIAGN_US)
        link.read(_RDSTATB)
        for i in range(0, len(link.data), _GROUP_N):
            if link.data[i + 5] & _MUXFAIL:
                link.fail_at(_DIAGN, i // _GROUP_N, "multiplexer failed")

    def _overlap(self) -> None:
        """Cell 7 by two converters, in C7 and C8; of 18 inputs cell 13 too, in C13 and C14."""
        link = self._link
        link.command(CLRCELL)
        link.convert(_ADOL, self._part[CELL_US])
        for g in range(_ADOL_FIRST, self._groups, _ADOL_STEP):
            link.read(RDCV[g])
            data = link.data
            for i in range(0, len(data), _GROUP_N):
                one = data[i] | data[i + 1] << 8
                other = data[i + 2] | data[i + 3] << 8
                if abs(one - other) > _OVERLAP_CODE:
                    why = "converters read {} and {}"
                    link.fail_at(_ADOL, i // _GROUP_N, why, errno.EIO, one, other)

    def _pull(self, code: int, into) -> None:
        """Twice, so that the filters' capacitors have followed."""
        link = self._link
        layout = self._layout
        link.wake()
        link.command(CLRCELL)
        link.convert(code, self._part[CELL_US])
        link.convert(code, self._part[CELL_US])
        for g in range(layout.group_n):
            link.read(RDCV[g])
            data = link.data
            for device in range(layout.device_n):
                at = (device * layout.group_n + g) * CELLS_A_GROUP
                k = device * _GROUP_N
                for j in range(CELLS_A_GROUP):
                    into[at + j] = data[k + 2 * j] | data[k + 2 * j + 1] << 8

    def _judge(self, device: int, first: int, n: int) -> None:
        at = device * self._layout.group_n * CELLS_A_GROUP
        up = self._up
        down = self._down
        for i in range(1, n):
            if down[at + i] - up[at + i] > _OPEN_CODE:  # the wire between cells i - 1 and i
                self.open[first + i - 1] = 1
                self.open[first + i] = 1
        if up[at] <= _ZERO_CODE:
            self.open[first] = 1
        top = at + n - 1
        if up[top] <= _ZERO_CODE or down[top] <= _ZERO_CODE:
            self.open[first + n - 1] = 1
