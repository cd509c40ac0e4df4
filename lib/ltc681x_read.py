"""What a chain of LTC681x has measured: register groups to millivolts, temperatures and trips.

The conversion has been made before; each group is one read of all devices. LTC6813 data sheet "Memory Map".
"""

import errno

from micropython import const

from ltc681x_parts import (
    CELLS_A_GROUP,
    DIE_STEPS,
    DIE_ZERO,
    INPUT_N,
    RDAUX,
    RDCV,
    SUM_STEP,
    VREF2_AT,
    VREF2_GROUP,
)
from ntc import divider_ohm
from roles import TEMP_NONE, TRIP_COV, TRIP_CUV, TRIP_OTINT, TRIP_PF

_RDSTATA = const(0x010)
_RDSTATB = const(0x012)
_NOT_YET = const(0xFFFF)  # what a cleared result reads
_GROUP_N = const(6)
_THSD = const(0x01)  # STATB byte 5
_MUXFAIL = const(0x02)
_FLAGS_N = const(12)  # cells whose limit flags are in STATB
_VREF2_LOW = const(29850)  # "normal range" of the data sheet
_VREF2_HIGH = const(30150)
_FAR_CODE = const(3000)  # 0.1 mV; an unused input cannot read more


class Reader:
    """Reads groups and takes them apart. `open_cells`: a byte a cell, 1 = its wire is open.

    `thermistor` has `ddegc(ohm)`, and `pull_ohm` to VREF2 above it.
    """

    def __init__(self, link, part, layout, open_cells, thermistor, pull_ohm: int):
        self._link = link
        self._part = part
        self._layout = layout
        self._open = open_cells
        self._thermistor = thermistor
        self._pull_ohm = pull_ohm
        self._vref2 = [0] * layout.device_n
        self.cov_n = self.cuv_n = 1  # readings in a row that make a trip
        self._cov_i = self._cuv_i = 0
        self.trips = 0
        self.fet_ddegc = TEMP_NONE
        self.die_ddegc = TEMP_NONE

    def read_cells(self, cell_mv) -> None:
        """Every cell; 0 mV where a wire is open."""
        for g in range(self._layout.group_n):
            self._link.read(RDCV[g])
            self._pick(g, cell_mv)

    def _pick(self, group: int, cell_mv) -> None:
        layout = self._layout
        data = self._link.data
        for device in range(layout.device_n):
            cell = group * CELLS_A_GROUP
            k = device * _GROUP_N
            for i in range(cell, min(cell + CELLS_A_GROUP, layout.cells[device])):
                code = data[k] | data[k + 1] << 8
                k += 2
                if code == _NOT_YET:
                    why = "cell {} was not converted"
                    self._link.fail_at(RDCV[group], device, why, errno.EIO, i + 1)
                at = layout.first[device] + i
                cell_mv[at] = 0 if self._open[at] else (code + 5) // 10

    def read_sum(self) -> int:
        """The stack in mV, as each device has measured its share in one piece."""
        link = self._link
        link.read(_RDSTATA)
        tenths = 0
        for k in range(0, len(link.data), _GROUP_N):
            tenths += (link.data[k] | link.data[k + 1] << 8) * self._part[SUM_STEP]
        return tenths // 10

    def read_limits(self) -> None:
        """Flags of STATB: byte 2 on, under-voltage of a cell in the even bit, over-voltage above it."""
        link = self._link
        layout = self._layout
        link.read(_RDSTATB)
        data = link.data
        over = under = 0
        trips = 0
        for device in range(layout.device_n):
            k = device * _GROUP_N
            n = layout.cells[device]
            if n > _FLAGS_N:
                n = _FLAGS_N
            for i in range(n):
                bits = data[k + 2 + i // 4] >> (i % 4 * 2)
                under |= bits & 1
                over |= bits & 2
            if data[k + 5] & _THSD:
                trips |= TRIP_OTINT
            if data[k + 5] & _MUXFAIL:
                trips |= TRIP_PF
        self._cov_i = min(self._cov_i + 1, self.cov_n) if over else 0
        self._cuv_i = min(self._cuv_i + 1, self.cuv_n) if under else 0
        if self._cov_i >= self.cov_n:
            trips |= TRIP_COV
        if self._cuv_i >= self.cuv_n:
            trips |= TRIP_CUV
        self.trips = trips

    def _take_vref2(self) -> None:
        data = self._link.data
        for device in range(self._layout.device_n):
            k = device * _GROUP_N + VREF2_AT
            code = data[k] | data[k + 1] << 8
            if not _VREF2_LOW <= code <= _VREF2_HIGH:
                why = "VREF2 is {} mV"
                self._link.fail_at(RDAUX[VREF2_GROUP], device, why, errno.EIO, code // 10)
            self._vref2[device] = code

    def _take_temps(self, group: int, temp_ddegc) -> None:
        layout = self._layout
        data = self._link.data
        for i in range(layout.place_n):
            if layout.aux_group[i] != group:
                continue
            at = layout.aux_at[i]
            code = data[at] | data[at + 1] << 8
            device = layout.aux_device[i]
            if code == _NOT_YET:
                self._link.fail_at(RDAUX[group], device, "GPIO was not converted")
            temp = self._thermistor.ddegc(divider_ohm(code, self._vref2[device], self._pull_ohm))
            if i < layout.ntc_n:
                temp_ddegc[i] = temp
            else:
                self.fet_ddegc = temp

    def read_die(self) -> None:
        """The hottest device."""
        link = self._link
        link.read(_RDSTATA)
        hottest = TEMP_NONE
        for k in range(0, len(link.data), _GROUP_N):
            code = link.data[k + 2] | link.data[k + 3] << 8
            hottest = max(hottest, code * 10 // self._part[DIE_STEPS] - self._part[DIE_ZERO])
        self.die_ddegc = hottest

    def read_temps(self, temp_ddegc) -> None:
        """Every thermistor, against the VREF2 of its device."""
        groups = self._layout.aux_groups
        for k in range(len(groups)):
            self._link.read(RDAUX[groups[k]])
            if k == 0:
                self._take_vref2()
            self._take_temps(groups[k], temp_ddegc)

    def expect_layout(self) -> None:
        """No voltage where no cell is wired: else another device sits in this place of the chain."""
        link = self._link
        cells = self._layout.cells
        for g in range(self._part[INPUT_N] // CELLS_A_GROUP):
            link.read(RDCV[g])
            for device in range(len(cells)):
                k = device * _GROUP_N
                for i in range(g * CELLS_A_GROUP, (g + 1) * CELLS_A_GROUP):
                    code = link.data[k] | link.data[k + 1] << 8
                    k += 2
                    if i >= cells[device] and code > _FAR_CODE:
                        why = "C{} has {} mV and no cell"
                        link.fail_at(RDCV[g], device, why, errno.EIO, i + 1, code // 10)
