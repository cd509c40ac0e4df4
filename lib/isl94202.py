"""Renesas ISL94202: 3 to 8 cells, with FET drivers and protection of its own, over I2C.

    from array import array
    from machine import I2C, Pin
    from isl94202 import ISL94202
    from regbus import RegBus

    bus = RegBus(I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000), 0x28, name="isl94202")
    chip = ISL94202(bus, 4, shunt_uohm=1000)
    chip.probe()
    cells = array("i", [0] * 4)
    chip.read_cells(cells)
    print(cells, chip.read_current(), "mA")
To protect with it: `load(config)`, `arm()`, see that `verify_all()` is 0, then `write_fets(CHG | DSG)`.

One burst brings everything; each role takes its part of it once, then the next role reads anew. The
configuration is written to the chip's RAM, so that its EEPROM is never worn; only the number of cells must
be in EEPROM, where `isl94202_eeprom` puts it once. With both FETs permitted the chip drives them by
itself and all its protections work, and so with one while a fault of its own forbids the other. Else the host
drives them (uCFET) and the chip only reports: then its SD output, as the interrupt that raises FETSOFF, is
the first line. Silence for WDT turns both off; afterwards uCFET is clear. Source: data sheet FN8889.
"""

import errno

from micropython import const

from isl94202_burst import (
    ALARM,
    CELL1,
    CELLS,
    CTRL0,
    CTRL2,
    CURRENT,
    FETS,
    ISNS,
    STAT2,
    STAT3,
    STATUS,
    TEMPS,
    TINT,
    VBATT,
    XT1,
    XT2,
    Burst,
)
from isl94202_config import SELECT, Words, ddegc
from isl94202_fets import Fets
from roles import (
    FLAG_RESET,
    FLAG_SLEEP,
    STEP_BUSY,
    STEP_DIFFERS,
    STEP_PASS,
    TEMP_NONE,
)

# RAM
_CBFC = const(0x84)
_CTRL0 = const(0x85)
_CTRL3 = const(0x88)
_EEEN = const(0x89)
_CELL_SELECT = const(0x48)  # word: MOD, CELL

_LDPRSNT = const(0x01)  # STAT2
_CHPRSNT = const(0x02)
_CHING = const(0x04)
_ASLEEP = const(0x60)  # STAT3: DOZE, SLEEP
_PDWN = const(0x08)  # CTRL3
_UCCBAL = const(0x20)  # CTRL2

_GAINS = ((500, 3), (50, 0), (5, 1))  # gain, code of CTRL0
_GAIN_OF = (50, 5, 500, 500)
_TOP_UV = const(1800000)
_OUTSIDE_MV = const(1000)  # how far a charger's terminals are taken to be above the stack
_WRITE_N = const(2)


class ISL94202:
    """One chip with `cell_n` cells. `ntc_n` thermistors on xT1, xT2; `fet_ntc`: xT2 sits on the FETs."""

    def __init__(self, bus, cell_n: int, shunt_uohm: int, ntc_n=1, fet_ntc=False):
        most = 1 if fet_ntc else 2
        if cell_n not in SELECT or not 0 <= ntc_n <= most:
            raise ValueError(
                f"isl94202: {cell_n} cells (3 to 8), {ntc_n} thermistors (up to {most})"
            )
        self._bus = bus
        self._cell_n = cell_n
        self._shunt_uohm = shunt_uohm
        self._ntc_n = ntc_n
        self._fet_ntc = fet_ntc
        self._select = SELECT[cell_n]
        inputs = [i for i in range(8) if self._select >> i & 1]
        self._at = bytearray([CELL1 + 2 * i for i in inputs])
        self._input = bytearray(inputs)
        self._words = ()
        self._burst = Burst(bus)
        self._fets = Fets(bus, self._burst)
        self._gain_code = _GAINS[2][1]
        self._out = bytearray(_WRITE_N)
        self._step = 0
        self._alarm = 0
        self.permitted = 0
        self.applied = {}
        self.mismatch = 0
        self.flags = FLAG_RESET
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        self.fet_ddegc = self.die_ddegc = TEMP_NONE
        self.bleed_refresh_ms = 10000

    # guard

    def probe(self) -> None:
        """There is no identity to ask for: the number of cells must make sense, and be ours."""
        self._burst.forget()
        self._bus.read(_CELL_SELECT, 2)
        found = self._bus.data[1]
        if found == self._select:
            return
        for cell_n in SELECT:
            if found == SELECT[cell_n]:
                why = "set to {} cells, not {}: see isl94202_eeprom"
                self._bus.fail(_CELL_SELECT + 1, why, errno.EIO, cell_n, self._cell_n)
        why = "no ISL94202: cell select 0x{:02x}"
        self._bus.fail(_CELL_SELECT + 1, why, errno.ENODEV, found)

    def load(self, config) -> None:
        """Translate a configuration; `ValueError` when the chip cannot hold it."""
        wired = (
            ("cell_n", self._cell_n),
            ("ntc_n", self._ntc_n),
            ("shunt_uohm", self._shunt_uohm),
        )
        for name, value in wired:
            if getattr(config, name) != value:
                raise ValueError(f"{name}: {getattr(config, name)}, wired are {value}")
        words = Words(config, self._fet_ntc)
        most_uv = max(config.ocd2_ma, config.occ2_ma) * self._shunt_uohm // 1000
        for gain, code in _GAINS:
            self._gain_code = code
            if most_uv * 5 // 4 * gain <= _TOP_UV:
                break
        self._words = words.rows
        self.applied = words.applied

    def arm(self) -> None:
        """Write the configuration to RAM; FETs are off then, and until `write_fets`."""
        if not self._words:
            raise ValueError("arm: no configuration was loaded")
        self._fets.bleeds = False
        self.write_fets(0)
        self._write(_EEEN, 0)
        self._write(_CTRL0, self._gain_code << 4)
        for i in range(len(self._words)):
            row = self._words[i]
            self._out[0] = row[1] & 0xFF
            self._out[1] = row[1] >> 8
            self._bus.write(row[0], self._out, 2)
        self._alarm = 0

    def verify_all(self) -> int:
        """Read everything back now; how many words differ."""
        self.mismatch = 0
        differ_n = 0
        for i in range(len(self._words)):
            if not self._holds(i):
                differ_n += 1
        return differ_n

    def verify_step(self) -> int:
        """One word of the same."""
        if not self._holds(self._step):
            return STEP_DIFFERS
        self._step += 1
        if self._step < len(self._words):
            return STEP_BUSY
        self._step = 0
        return STEP_PASS

    def read_status(self) -> int:
        """TRIP_* bits that the chip holds."""
        self._burst.take(STATUS)
        return self._burst.trips()

    # cells, shunt, temps

    def read_cells(self, cell_mv) -> None:
        """Cells and stack. The terminals are not measured: charger and load are only seen or not."""
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        self.flags = FLAG_RESET
        self._burst.take(CELLS)
        data = self._bus.data
        for i in range(self._cell_n):
            cell_mv[i] = (self._burst.code(self._at[i]) * 320 + 136) // 273
        self.stack_mv = self._burst.code(VBATT) * 3840 // 273
        stat = data[STAT2]
        self.pack_mv = self.stack_mv + (_OUTSIDE_MV if stat & _CHPRSNT else 0)
        self.ld_mv = 0 if stat & _LDPRSNT else self.stack_mv
        asleep = FLAG_SLEEP if data[STAT3] & _ASLEEP else 0
        self.flags = asleep if data[CTRL2] & _UCCBAL else FLAG_RESET

    def read_current(self) -> int:
        """Pack current, with the sign of the chip's CHING. Bound: 4095 * 200000 < 2^30."""
        self._burst.take(CURRENT)
        gain = _GAIN_OF[self._bus.data[CTRL0] >> 4 & 3]  # as it was when this was measured
        uv = self._burst.code(ISNS) * 200000 // (455 * gain)  # 1.8 V / 4095
        ma = uv * 1000 // self._shunt_uohm
        return ma if self._bus.data[STAT2] & _CHING else -ma

    def read_temps(self, temp_ddegc) -> None:
        """Thermistors, and the chip's own temperature."""
        self._burst.take(TEMPS)
        if self._ntc_n:
            temp_ddegc[0] = ddegc(self._burst.code(XT1))
        if self._ntc_n > 1:
            temp_ddegc[1] = ddegc(self._burst.code(XT2))
        elif self._fet_ntc:
            self.fet_ddegc = ddegc(self._burst.code(XT2))
        # 1.8 V / 4095 / 1.8527 mV a kelvin
        self.die_ddegc = self._burst.code(TINT) * 23725 // 10000 - 2732

    # switch

    def read_fets(self) -> int:
        """FETs whose drivers are on."""
        self._burst.take(FETS)
        fets = self._burst.fets()
        self._fets.follow(self._burst.faults(), self._bus.data[CTRL2])
        return fets

    def write_fets(self, bits: int) -> None:
        """Permit exactly these FETs; the chip's protections have the last word where it drives them."""
        self.permitted = bits
        self._fets.write(bits)

    def detect_load(self, on: bool) -> None:
        """The load monitor is always on."""

    def sleep(self, on: bool) -> None:
        """The chip goes to IDLE and DOZE by itself."""

    def shutdown(self) -> None:
        """FETs off, and power down: a charger wakes the chip."""
        self.write_fets(0)
        self._write(_CTRL3, _PDWN)

    # bleed

    def write_bleed(self, mask: int) -> None:
        """Bleed exactly these cells."""
        inputs = 0
        for i in range(self._cell_n):
            if mask >> i & 1:
                inputs |= 1 << self._input[i]
        self._fets.bleeds = inputs != 0
        self._write(_CBFC, inputs)
        self._fets.write_ctrl2()

    # alert

    def read_alarm(self) -> int:
        """Faults seen since they were cleared here: the chip's own drop by themselves."""
        self._burst.take(ALARM)
        self._alarm |= self._burst.faults()
        return self._alarm

    def clear_alarm(self, bits: int) -> None:
        """Forget exactly these."""
        self._alarm &= ~bits

    # pieces

    def _holds(self, i: int) -> bool:
        self._burst.forget()
        row = self._words[i]
        self._bus.read(row[0], 2)
        if self._bus.data[0] | self._bus.data[1] << 8 == row[1]:
            return True
        self.mismatch = row[0]
        return False

    def _write(self, reg: int, value: int) -> None:
        self._burst.forget()
        self._out[0] = value
        self._bus.write(reg, self._out, 1)
