"""Renesas ISL94202: 3 to 8 cells, with FET drivers and protection of its own, over I2C.

    from time import sleep_us
    from machine import I2C, Pin
    from isl94202 import ISL94202
    from regbus import RegBus

    bus = RegBus(I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000), 0x28, name="isl94202")
    chip = ISL94202(bus, 4, sleep_us, shunt_uohm=1000)
    chip.probe()
    chip.read_alarm()
    print(chip.read_current(), "mA", chip.stack_mv, "mV")
To protect with it: `load(config)`, `arm()`, see that `verify_all()` is 0, then `write_fets(CHG | DSG)`.

One burst brings everything; each role takes its part of it once, then the next role reads anew. The
configuration is written to the chip's RAM, so that its EEPROM is never worn; only the number of cells must
be in EEPROM, and `provision` writes it there, once, if it is another one. With both FETs permitted the
chip drives them by itself and all its protections work; with one permitted or none the host
drives them (uCFET), and gives the drive back after WDT if it falls silent. Source: data sheet FN8889.
"""

import errno

from micropython import const

from isl94202_config import SELECT, Words, ddegc
from roles import (
    BOTH,
    CHG,
    DSG,
    FLAG_RESET,
    FLAG_SLEEP,
    STEP_BUSY,
    STEP_DIFFERS,
    STEP_PASS,
    TEMP_NONE,
    TRIP_COV,
    TRIP_CUV,
    TRIP_OCC,
    TRIP_OCD2,
    TRIP_OTC,
    TRIP_OTD,
    TRIP_OTINT,
    TRIP_PF,
    TRIP_SCD,
    TRIP_UTC,
    TRIP_UTD,
)

# RAM
_STAT0 = const(0x80)
_BURST_N = const(44)  # 0x80 .. 0xAB
_CBFC = const(0x84)
_CTRL0 = const(0x85)
_CTRL1 = const(0x86)
_CTRL2 = const(0x87)
_CTRL3 = const(0x88)
_EEEN = const(0x89)
_CELL_SELECT = const(0x48)  # word: MOD, CELL

# offsets in the burst
_STAT2_AT = const(2)
_STAT3_AT = const(3)
_CTRL1_AT = const(6)
_CTRL2_AT = const(7)
_ISNS_AT = const(14)
_CELL1_AT = const(16)
_TINT_AT = const(32)
_XT1_AT = const(34)
_XT2_AT = const(36)
_VBATT_AT = const(38)

_LDPRSNT = const(0x01)  # STAT2
_CHPRSNT = const(0x02)
_CHING = const(0x04)
_ECCFAIL = const(0x20)
_ASLEEP = const(0x60)  # STAT3: DOZE, SLEEP
_DFET = const(0x01)  # CTRL1
_CFET = const(0x02)
_CMONEN = const(0x10)
_LMONEN = const(0x40)
_CBAL_ON = const(0x01)  # CTRL2
_UCCBAL = const(0x20)
_UCFET = const(0x40)

# bit of STAT0 | STAT1 << 8 -> trip
_TRIPS = (
    (0x0003, TRIP_COV),  # OVF, OVLOF
    (0x000C, TRIP_CUV),
    (0x0010, TRIP_OTD),
    (0x0020, TRIP_UTD),
    (0x0040, TRIP_OTC),
    (0x0080, TRIP_UTC),
    (0x0100, TRIP_OTINT),
    (0x0200, TRIP_OCC),
    (0x0400, TRIP_OCD2),
    (0x0800, TRIP_SCD),
    (0x2000, TRIP_PF),  # OPENF
)
_FAULTS = const(0x2FFF)  # what pulls SD low, as far as we care

# parts of a burst, each taken once
_ALARM = const(1)
_STATUS = const(2)
_CELLS = const(4)
_CURRENT = const(8)
_TEMPS = const(16)
_FETS = const(32)
_ALL = const(63)

_GAINS = ((500, 3), (50, 0), (5, 1))  # gain, code of CTRL0
_TOP_UV = const(1800000)
_OUTSIDE_MV = const(1000)  # how far a charger's terminals are taken to be above the stack
_WRITE_N = const(4)  # bytes the chip takes at once
_EEPROM_US = const(35000)


class ISL94202:
    """One chip with `cell_n` cells. `ntc_n` thermistors on xT1, xT2; `fet_ntc`: xT2 sits on the FETs."""

    def __init__(self, bus, cell_n: int, sleep_us, shunt_uohm: int, ntc_n=1, fet_ntc=False):
        if cell_n not in SELECT or not 0 <= ntc_n <= (1 if fet_ntc else 2):
            raise ValueError(f"isl94202: {cell_n} cells, {ntc_n} thermistors")
        self._bus = bus
        self._cell_n = cell_n
        self._sleep_us = sleep_us
        self._shunt_uohm = shunt_uohm
        self._ntc_n = ntc_n
        self._fet_ntc = fet_ntc
        self._select = SELECT[cell_n]
        inputs = [i for i in range(8) if self._select >> i & 1]
        self._at = bytearray([_CELL1_AT + 2 * i for i in inputs])
        self._input = bytearray(inputs)
        self._words = None
        self._gain, self._gain_code = _GAINS[2]
        self._out = bytearray(_WRITE_N)
        self._left = 0  # parts of the last burst that nobody has taken
        self._step = 0
        self._alarm = 0
        self._bleeds = 0
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
        self._bus.read(_CELL_SELECT, 2)
        found = self._bus.data[1]
        if found == self._select:
            return
        for cell_n, select in SELECT.items():
            if found == select:
                self._bus.fail("0x49", f"set to {cell_n} cells, wired are {self._cell_n}")
        self._bus.fail("0x49", f"no ISL94202: cell select 0x{found:02x}", errno.ENODEV)

    def provision(self) -> bool:
        """Put the number of cells into EEPROM; True when it had to be written. FETs must be off."""
        self._write(_EEEN, 1)
        try:
            self._bus.read(_CELL_SELECT, 4)
            if self._bus.data[1] == self._select:
                return False
            for i in range(_WRITE_N):
                self._out[i] = self._bus.data[i]
            self._out[1] = self._select
            for _ in range(2):  # this page takes effect when it was written twice
                self._bus.write(_CELL_SELECT, self._out, _WRITE_N)
                self._sleep_us(_EEPROM_US)
            self._bus.read(_CELL_SELECT, 2)
            if self._bus.data[1] != self._select:
                self._bus.fail("0x49", "EEPROM does not hold the number of cells")
            return True
        finally:
            self._write(_EEEN, 0)

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
            self._gain, self._gain_code = gain, code
            if most_uv * 5 // 4 * gain <= _TOP_UV:
                break
        self._words = words.rows
        self.applied = words.applied

    def arm(self) -> None:
        """Write the configuration to RAM; FETs are off then, and until `write_fets`."""
        if self._words is None:
            raise ValueError("arm: no configuration was loaded")
        self._bleeds = 0
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
        self._take(_STATUS)
        data = self._bus.data
        return self._trips(data[0] | data[1] << 8) | (TRIP_PF if data[_STAT2_AT] & _ECCFAIL else 0)

    # cells, shunt, temps

    def read_cells(self, cell_mv) -> None:
        """Cells and stack. The terminals are not measured: charger and load are only seen or not."""
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        self.flags = FLAG_RESET
        self._take(_CELLS)
        data = self._bus.data
        for i in range(self._cell_n):
            cell_mv[i] = self._code(self._at[i]) * 320 // 273
        self.stack_mv = self._code(_VBATT_AT) * 3840 // 273
        stat = data[_STAT2_AT]
        self.pack_mv = self.stack_mv + (_OUTSIDE_MV if stat & _CHPRSNT else 0)
        self.ld_mv = 0 if stat & _LDPRSNT else self.stack_mv
        asleep = FLAG_SLEEP if data[_STAT3_AT] & _ASLEEP else 0
        self.flags = asleep if data[_CTRL2_AT] & _UCCBAL else FLAG_RESET

    def read_current(self) -> int:
        """Pack current, with the sign of the chip's CHING. Bound: 4095 * 200000 < 2^30."""
        self._take(_CURRENT)
        uv = self._code(_ISNS_AT) * 200000 // (455 * self._gain)  # 1.8 V / 4095
        ma = uv * 1000 // self._shunt_uohm
        return ma if self._bus.data[_STAT2_AT] & _CHING else -ma

    def read_temps(self, temp_ddegc) -> None:
        """Thermistors, and the chip's own temperature."""
        self._take(_TEMPS)
        if self._ntc_n:
            temp_ddegc[0] = ddegc(self._code(_XT1_AT))
        if self._ntc_n > 1:
            temp_ddegc[1] = ddegc(self._code(_XT2_AT))
        elif self._fet_ntc:
            self.fet_ddegc = ddegc(self._code(_XT2_AT))
        # 1.8 V / 4095 / 1.8527 mV a kelvin
        self.die_ddegc = self._code(_TINT_AT) * 23725 // 10000 - 2732

    # switch

    def read_fets(self) -> int:
        """FETs whose drivers are on."""
        self._take(_FETS)
        ctrl = self._bus.data[_CTRL1_AT]
        return (CHG if ctrl & _CFET else 0) | (DSG if ctrl & _DFET else 0)

    def write_fets(self, bits: int) -> None:
        """Permit exactly these FETs; with both the chip takes over."""
        self.permitted = bits
        chosen = (_CFET if bits & CHG else 0) | (_DFET if bits & DSG else 0)
        if bits & BOTH == BOTH:
            self._write(_CTRL1, chosen | _CMONEN | _LMONEN)
            self._write_ctrl2()
            return
        self._write_ctrl2()
        self._write(_CTRL1, chosen | _CMONEN | _LMONEN)

    def detect_load(self, on: bool) -> None:
        """The load monitor is always on."""

    def sleep(self, on: bool) -> None:
        """The chip goes to IDLE and DOZE by itself."""

    def shutdown(self) -> None:
        """FETs off, and power down: a charger wakes the chip."""
        self.write_fets(0)
        self._write(_CTRL3, 0x08)

    # bleed

    def write_bleed(self, mask: int) -> None:
        """Bleed exactly these cells."""
        inputs = 0
        for i in range(self._cell_n):
            if mask >> i & 1:
                inputs |= 1 << self._input[i]
        self._bleeds = inputs
        self._write(_CBFC, inputs)
        self._write_ctrl2()

    # alert

    def read_alarm(self) -> int:
        """Faults seen since they were cleared here: the chip's own drop by themselves."""
        self._take(_ALARM)
        self._alarm |= (self._bus.data[0] | self._bus.data[1] << 8) & _FAULTS
        return self._alarm

    def clear_alarm(self, bits: int) -> None:
        """Forget exactly these."""
        self._alarm &= ~bits

    # pieces

    def _take(self, part: int) -> None:
        """This part of a burst, a new one if it was taken before."""
        if not self._left & part:
            self._left = 0
            self._bus.read(_STAT0, _BURST_N)
            self._left = _ALL
        self._left &= ~part

    def _code(self, at: int) -> int:
        data = self._bus.data
        return (data[at] | data[at + 1] << 8) & 0x0FFF

    def _trips(self, stat: int) -> int:
        trips = 0
        for i in range(len(_TRIPS)):
            if stat & _TRIPS[i][0]:
                trips |= _TRIPS[i][1]
        return trips

    def _holds(self, i: int) -> bool:
        self._left = 0
        row = self._words[i]
        self._bus.read(row[0], 2)
        if self._bus.data[0] | self._bus.data[1] << 8 == row[1]:
            return True
        self.mismatch = row[0]
        return False

    def _write(self, reg: int, value: int) -> None:
        self._left = 0
        self._out[0] = value
        self._bus.write(reg, self._out, 1)

    def _write_ctrl2(self) -> None:
        host = 0 if self.permitted & BOTH == BOTH else _UCFET
        self._write(_CTRL2, _UCCBAL | host | (_CBAL_ON if self._bleeds else 0))
