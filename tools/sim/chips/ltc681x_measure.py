"""What an LTC681x model measures: results as codes of 0.1 mV, bent by bleeding, wires and pull-downs."""

import struct

from sim.chips.ltc681x_codes import CELLS_12, CELLS_18, DIAGN_US, GPIOS_9, PAIR, PARTS

FET_NODE = -1  # wire a GPIO to the plant's MOSFET temperature

_EMPTY = 0xFFFF
_VREF2 = 29985  # its tolerance is why it is measured
_VA = 50000
_VD = 30000
_DROP = 300.0  # 0.1 mV: bleed current times filter resistance; half of it on each neighbour
_SETTLE_US = 800  # of the filter behind a switch
_HALF_PULL = 1000.0  # what one ADOW conversion has moved an open input by
_PULLED = 0.9  # and two: of the cell beside it
_PIN_HIGH = 12000  # a GPIO above reads 1
# 103AT below 10 kohm, part of VREF2 by temperature: every 10 degC from -80 on
_NTC = (
    0.9956531, 0.9913885, 0.9837587, 0.970774, 0.9497825, 0.9176629, 0.8714157, 0.8092055,
    0.7315819, 0.6421918, 0.5472776, 0.4539675, 0.3682768, 0.2938845, 0.2320392, 0.1822048,
    0.1428788, 0.1122368, 0.0885156, 0.0701889, 0.0560131, 0.0450112, 0.0364317, 0.0297027,
    0.024392, 0.0201729, 0.0167986, 0.0140819, 0.0118802,
)  # fmt: skip
_NTC_FROM_C = -80
_CELL_GROUPS = {"CVA": 0, "CVB": 3, "CVC": 6, "CVD": 9, "CVE": 12, "CVF": 15}
_AUX = {"AUXA": 0, "AUXB": 3, "AUXC": 6}  # GPIO1-3; 4, 5, VREF2; 6-8
_VREF2_AT = 5


class Measure:
    """Results of one device, and its bleed switches."""

    def __init__(self, chip, first: int, cell_n: int, gpios):
        self.chip = chip
        self.first = first
        self.cell_n = cell_n
        self.gpios = gpios
        self.bleeding = 0
        self.stopped_us = [-_SETTLE_US] * cell_n
        self.asked = None
        self.pulls = 0  # ADOW conversions in this direction, one after the other
        self.pull_up = 0
        self.muxfail = 0  # what DIAGN shall find
        self.adrift = 0  # codes that the second converter reads more
        self.vref2 = _VREF2
        self.stuck = {}  # cell input -> code that its filter always gives

    def reset(self) -> None:
        """Nothing has been measured."""
        self.cells = [_EMPTY] * self.chip.input_n
        self.aux = [_EMPTY] * 10
        self.stat = [_EMPTY] * 4  # SC, ITMP, VA, VD
        self.uv = self.ov = 0
        self.flag_bits = 0  # MUXFAIL, THSD
        self.asked = None

    def clear(self, name: str) -> None:
        """CLRCELL, CLRAUX or CLRSTAT."""
        if name == "CLRCELL":
            self.cells = [_EMPTY] * self.chip.input_n
        elif name == "CLRAUX":
            self.aux = [_EMPTY] * 10
        else:
            self.stat = [_EMPTY] * 4
            self.uv = self.ov = 0xFFF
            self.flag_bits = 3

    # -- conversions -------------------------------------------------------------------------------

    def begin(self, asked, adcopt: int) -> int:
        """Take a conversion on; how long it takes with the reference up."""
        self.asked = asked
        kind = asked.kind
        speed = (adcopt, asked.md)
        cells = (CELLS_12 if self.chip.input_n == 12 else CELLS_18)[speed]
        if kind == "DIAGN":
            return DIAGN_US
        if kind in ("ADAX", "AXST"):
            if asked.arg and kind == "ADAX":
                self.chip.refuse("not modelled: ADAX of one channel")
            return cells if self.chip.gpio_n == 5 else GPIOS_9[speed]
        if kind in ("ADSTAT", "STATST"):
            return PAIR[speed] * (1 if kind == "ADSTAT" and asked.arg else 4)
        if kind == "ADCVSC":
            return cells + PAIR[speed]
        if kind == "ADCVAX":
            return cells + 2 * PAIR[speed]
        if kind == "ADOL" or asked.arg & 7 and kind in ("ADCV", "ADOW"):
            return PAIR[speed]
        return cells

    def pauses(self, converting: bool) -> bool:
        """Does the conversion that runs keep the bleed switches open?"""
        asked = self.asked
        return (
            converting and asked is not None and asked.kind[:3] in ("ADC", "ADO") and not asked.dcp
        )

    def finish(self, now_us: int) -> None:
        """The conversion has ended: results appear."""
        asked = self.asked
        kind = asked.kind
        if kind != "ADOW":
            self.pulls = 0
        pattern = asked.pattern(self.chip.a[0] & 1)
        if kind in ("ADCV", "ADCVSC", "ADCVAX"):
            self._take_cells(asked.arg, now_us)
            self._flag()
        elif kind == "ADOW":
            self._pull(asked, now_us)
        elif kind == "CVST":
            self.cells = [self.stuck.get(i, pattern) for i in range(self.chip.input_n)]
        elif kind == "ADOL":
            for i in range(6, self.chip.input_n - 1, 6):
                self.cells[i] = self.cells[i + 1] = self._code(self._cell(i, now_us))
                self.cells[i + 1] += self.adrift
        elif kind == "AXST":
            self.aux = [pattern] * 10
        elif kind == "STATST":
            self.stat = [pattern] * 4
        elif kind == "DIAGN":
            self.flag_bits = self.flag_bits & ~2 | (2 if self.muxfail else 0)
        self._finish_others(asked)

    def _finish_others(self, asked) -> None:
        kind = asked.kind
        if kind == "ADCVSC":
            self.stat[0] = self._sum()
        elif kind == "ADSTAT":
            for i in range(4):
                if asked.arg in (0, i + 1):
                    self.stat[i] = (self._sum(), self._die(), _VA, _VD)[i]
        elif kind == "ADCVAX":
            self.aux[0], self.aux[1] = self._gpio(1), self._gpio(2)
        elif kind == "ADAX":
            for gpio in range(1, 10):
                at = gpio - 1 if gpio <= 5 else gpio
                self.aux[at] = self._gpio(gpio) if gpio <= self.chip.gpio_n else _EMPTY
            self.aux[_VREF2_AT] = self.vref2

    def _take_cells(self, channel: int, now_us: int) -> None:
        for i in range(self.chip.input_n):
            if not channel or i % 6 == channel - 1:
                self.cells[i] = self._code(self._cell(i, now_us))

    def _flag(self) -> None:
        """Limits are looked at now and at no other time."""
        a = self.chip.a
        uv = (a[1] | (a[2] & 0x0F) << 8) + 1
        ov = a[2] >> 4 | a[3] << 4
        self.uv = self.ov = 0
        for i in range(12):
            self.uv |= (self.cells[i] < uv * 16) << i
            self.ov |= (self.cells[i] > ov * 16) << i

    # -- what is there to measure ------------------------------------------------------------------

    def _cell(self, i: int, now_us: int) -> float:
        """Input i in 0.1 mV, with what bleeding does to it."""
        if i >= self.cell_n:
            return 0.0
        value = self.chip.plant.sense_v(self.first + i) * 10000.0
        for k in (i - 1, i, i + 1):
            if 0 <= k < self.cell_n:
                bent = _DROP * self._bends(k, now_us)
                value += -bent if k == i else bent / 2.0
        return value

    def _bends(self, i: int, now_us: int) -> float:
        """How much of a bleeding cell's drop is there, 0 .. 1."""
        if self.bleeding >> i & 1:
            return 1.0
        # the multiplexer has taken its sample in the conversion's first part
        since_us = now_us - self._taken_us(now_us) - self.stopped_us[i]
        return 1.0 - since_us / _SETTLE_US if since_us < _SETTLE_US else 0.0

    def _taken_us(self, now_us: int) -> int:
        """Time that the conversion has lasted."""
        speed = (self.chip.a[0] & 1, self.asked.md)
        return (CELLS_12 if self.chip.input_n == 12 else CELLS_18)[speed]

    def _pull(self, asked, now_us: int) -> None:
        """ADOW: an input without wire follows the current source, in two conversions."""
        up = asked.arg >> 4
        self.pulls = self.pulls + 1 if up == self.pull_up else 1
        self.pull_up = up
        self._take_cells(asked.arg & 7, now_us)
        plant = self.chip.plant
        n = self.cell_n
        for wire in range(n + 1):
            if not plant.wire_open[self.first + wire]:
                continue
            if wire == 0 or wire == n:
                self._pull_end(wire, up)
                continue
            below = plant.cell_v[self.first + wire - 1] * 10000.0
            above = plant.cell_v[self.first + wire] * 10000.0
            by = (above if up else below) * _PULLED if self.pulls > 1 else _HALF_PULL
            by = by if up else -by
            self.cells[wire - 1] = self._code(below + by)
            self.cells[wire] = self._code(above - by)

    def _pull_end(self, wire: int, up: int) -> None:
        if self.pulls > 1 and (wire == 0) == bool(up):
            self.cells[0 if wire == 0 else self.cell_n - 1] = 0

    def _sum(self) -> int:
        volts = sum([self.chip.plant.cell_v[self.first + i] for i in range(self.cell_n)])
        return self._code(volts * 10000.0 / self.chip.sum_step)

    def _die(self) -> int:
        _, _, _, steps, zero, _ = PARTS[self.chip.part]
        return self._code((self.chip.plant.die_c + zero) * steps)

    def _gpio(self, gpio: int) -> int:
        """Code of a GPIO: ratio to VREF2 behind 10 kohm, or its pull-down."""
        chip = self.chip
        off = chip.a[0] >> (gpio + 2) & 1 if gpio <= 5 else chip.b[0] >> (gpio - 6) & 1
        if not off:
            return 40
        if gpio not in self.gpios:
            return _VREF2
        node = self.gpios[gpio]
        plant = chip.plant
        celsius = plant.fet_c if node == FET_NODE else plant.temp_c[node]
        place = (celsius - _NTC_FROM_C) / 10.0
        k = max(0, min(int(place), len(_NTC) - 2))
        part = max(0.0, min(place - k, 1.0))
        # between two points the curve hangs below their line by this much of its bend, 0 at both
        line = _NTC[k] + (_NTC[k + 1] - _NTC[k]) * part
        if 0 < k < len(_NTC) - 2:
            bend = (_NTC[k - 1] - _NTC[k] - _NTC[k + 1] + _NTC[k + 2]) / 4.0
            line -= bend * part * (1.0 - part)
        return self._code(line * _VREF2)

    @staticmethod
    def _code(tenths: float) -> int:
        return max(0, min(_EMPTY - 1, int(tenths + 0.5)))

    # -- what is read ------------------------------------------------------------------------------

    def pins(self) -> int:
        """GPIO bits of CFGRA: the levels of the pins."""
        bits = 0
        for gpio in range(1, 6):
            if self._gpio(gpio) > _PIN_HIGH:
                bits |= 1 << (gpio + 2)
        return bits

    def group(self, name: str) -> bytes:
        """Six bytes of a result group."""
        if name in _CELL_GROUPS:
            at = _CELL_GROUPS[name]
            return struct.pack("<HHH", *self.cells[at : at + 3])
        if name in _AUX:
            at = _AUX[name]
            return struct.pack("<HHH", *self.aux[at : at + 3])
        if name == "AUXD":
            return struct.pack("<HHH", self.aux[9], _EMPTY, 0)
        if name == "STATA":
            return struct.pack("<HHH", *self.stat[:3])
        out = bytearray(struct.pack("<H", self.stat[3])) + bytearray(4)
        for i in range(12):
            out[2 + i // 4] |= (self.uv >> i & 1) << (i % 4 * 2)
            out[2 + i // 4] |= (self.ov >> i & 1) << (i % 4 * 2 + 1)
        out[5] = self.flag_bits
        self.flag_bits &= ~1  # THSD is cleared by reading it
        return bytes(out)

    # -- bleeding ----------------------------------------------------------------------------------

    def set_bleed(self, mask: int, now_us: int) -> None:
        """The switches are these now."""
        if mask == self.bleeding:
            return
        stray = mask >> self.cell_n
        if stray:
            self.chip.refuse(f"discharge of inputs without a cell, DCC 0x{mask:X}")
        for i in range(self.cell_n):
            on = mask >> i & 1
            if self.bleeding >> i & 1 and not on:
                self.stopped_us[i] = now_us
            if bool(on) != bool(self.chip.plant.bleed[self.first + i]):
                self.chip.plant.bleed[self.first + i] = bool(on)
        self.bleeding = mask & ((1 << self.cell_n) - 1)
