"""TI BQ76952, BQ769142 and BQ76942: battery monitors for 16, 14 and 10 cells in series, over I2C.

    from time import sleep_us
    from machine import I2C, Pin
    from bq769x2 import BQ76952, BQ769x2
    from regbus import RegBus

    bus = RegBus(I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000), 0x08, crc=False, name="bq769x2")
    chip = BQ769x2(bus, BQ76952, 16, sleep_us, ntc=("TS1", "TS3"))
    chip.probe()
    print(chip.read_current(), "mA")
To protect with it: `load(config)` an object with the attributes that the table of `bq769x2_memory` names,
`arm()`, see that `verify_all()` is 0, then `write_fets(CHG | DSG)`. It fills every role of `roles.py`.

Sources: SLUUBY2B (reference manual of the BQ76952), SLUUBY1B (BQ76942), SLUUCF2C (BQ769142),
SLUAA11B (I2C). The constructor touches nothing, and after it only `load` allocates. Errors name
the register.
"""

import errno

from micropython import const

from bq769x2_fets import Fets
from bq769x2_parts import BQ76942, BQ76952, BQ769142, Wiring, is_part, part_of
from bq769x2_status import ddegc, flags_of, int16, trips_of
from bq769x2_sub import Subcommands
from bq769x2_verify import DIE_AGE_MAX, Verify
from bq769x2_window import ALARM_ASLEEP, ALARM_MASK, BAL_INTERVAL_S, loaded, packed
from failure import WORD
from fast import pick_words
from roles import FLAG_RESET, FLAG_SEALED, FLAG_SHUTDOWN, TEMP_NONE, TRIP_OVRD, TRIP_PF

__all__ = ("BQ76942", "BQ76952", "BQ769142", "BQ769x2")

# Direct commands (SLUUBY2B section 12.1)
_SAFETY_STATUS_A = const(0x03)  # and on to Safety Status C, 0x07
_BATTERY_STATUS = const(0x12)  # then cells 1..16, stack, PACK, LD, and CC2 current up to 0x3B
_CC2_CURRENT = const(0x3A)
_ALARM_STATUS = const(0x62)
_ALARM_ENABLE = const(0x66)
_TS1 = const(0x70)
_FET_STATUS = const(0x7F)

_BURST_N = const(42)  # 0x12..0x3B
_CELL_1 = const(2)  # offsets in it
_STACK = const(34)
_PACK = const(36)
_LD = const(38)
_CURRENT = const(40)
_USER_VOLT_MV = const(10)

_PF = const(0x1000)  # Battery Status
_ALARM_PF = const(0x2000)  # Alarm Status

# Subcommands (SLUUBY2B section 12.2)
_DEVICE_NUMBER = const(0x0001)
_SHUTDOWN = const(0x0010)
_RESET = const(0x0012)
_CB_ACTIVE_CELLS = const(0x0083)
_SET_CFGUPDATE = const(0x0090)
_EXIT_CFGUPDATE = const(0x0092)
_ALL_FETS_OFF = const(0x0095)
_SLEEP_ENABLE = const(0x0099)
_SLEEP_DISABLE = const(0x009A)
_LOAD_DETECT_ON = const(0x009E)
_LOAD_DETECT_OFF = const(0x009F)

_PROBE_N = const(10)
_PROBE_US = const(1000)  # the chip answers 5 ms after power


class BQ769x2:
    """One monitor: `part` is one of the three above, `cell_n` cells on it.

    `cell_mask`: inputs that carry a cell, when they are not the lowest ones and the topmost.
    `ntc`, `fet_ntc`: pins with a thermistor for cells and for FETs, 10 kohm, pulled up by the
    chip. `number`: DEVICE_NUMBER to expect instead of the part's.
    """

    def __init__(
        self, bus, part, cell_n, sleep_us, ntc=("TS1",), fet_ntc=None, cell_mask=None, number=None
    ):
        self._bus = bus
        self._part = part if number is None else (part[0], number, part[2])
        self._cell_n = cell_n
        self._sleep_us = sleep_us
        self._wiring = Wiring(part, cell_n, cell_mask, ntc, fet_ntc)
        self._sub = Subcommands(bus, sleep_us)
        self._fets = Fets(bus, self._sub)
        self._verify = Verify(bus, self._sub, self._fets)
        self._windows = None
        self._cell_at = bytearray([_CELL_1 + 2 * i for i in self._wiring.input_of])
        self._out = bytearray(2)
        self._ma_per_bit = 1
        self._ma = 0
        self._ma_new = False  # `_ma` came with the last burst and nobody took it yet
        self._alarm = 0
        self._pf = False
        self.off_pins = True  # False, before `load`: nobody drives CFETOFF and DFETOFF
        self.covers = TRIP_OVRD - 1  # all but an override input
        self.permitted = 0  # FETs last permitted
        self.applied = {}
        self.mismatch = 0
        self.flags = FLAG_RESET
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        self.fet_ddegc = self.die_ddegc = TEMP_NONE
        self.bleed_refresh_ms = BAL_INTERVAL_S * 1000

    # guard

    def probe(self) -> None:
        """Wait for the chip, 5 ms after power; `OSError` when it is another part."""
        for i in range(_PROBE_N):
            try:
                self._sub.read(_DEVICE_NUMBER, 2)
                break
            except OSError:
                if i == _PROBE_N - 1:
                    raise
            self._sleep_us(_PROBE_US)
        found = self._bus.data[2] | self._bus.data[3] << 8
        if not is_part(self._part, found):
            name = part_of(found)[0]
            why = "expected {}, found 0x{:04x} {}"
            self._bus.fail(WORD + _DEVICE_NUMBER, why, errno.ENODEV, self._part[0], found, name)

    def load(self, config) -> None:
        """Translate a configuration, or take its `image`; `ValueError` when the chip cannot hold it."""
        if config.cell_n != self._cell_n:
            raise ValueError(f"cell_n: {config.cell_n}, wired are {self._cell_n}")
        if config.ntc_n != len(self._wiring.ntc_at):
            raise ValueError(f"ntc_n: {config.ntc_n}, wired are {len(self._wiring.ntc_at)}")
        key = self._wiring.key(self.off_pins)
        self._windows, self._ma_per_bit, self.applied = loaded(config, key, self.check)
        self._verify.expect(self._windows)

    def image(self) -> bytes:
        """What was made of the configuration, which may `load` it next time."""
        return self._wiring.key(self.off_pins) + packed(self._windows, self._ma_per_bit)

    def check(self, config):
        """What `load` would put into the chip; the same `ValueError`. Of another number of cells, too."""
        # a large table, needed once: whoever wants may forget it
        from bq769x2_memory import Memory

        return Memory(config, self._wiring.inputs, self._wiring.kinds, self.off_pins)

    def arm(self) -> None:
        """Write the configuration in CONFIG_UPDATE; FETs are off then, and until `write_fets`."""
        if self._windows is None:
            raise ValueError("arm: no configuration was loaded")
        self._fets.released = False
        self.permitted = 0
        if self.flags & FLAG_SHUTDOWN:  # a charger at LD keeps it from going; a reset ends that
            self._sub.command(_RESET)
            self.flags = FLAG_RESET
            self.probe()
        self._sub.command(_ALL_FETS_OFF)
        self._sub.update(_SET_CFGUPDATE, 1)
        for window in self._windows:
            self._sub.write_window(window)
        self._sub.update(_EXIT_CFGUPDATE, 0)
        # not known to follow data memory before the next reset
        self.sleep(False)
        self._verify.expect(self._windows)

    def verify_all(self) -> int:
        """Read everything back now; how many registers differ."""
        differ_n = self._verify.all()
        self.mismatch = self._verify.mismatch
        return differ_n

    def verify_step(self) -> int:
        """A slice of the same, one transaction at most; a pass takes some 50 calls."""
        found = self._verify.step()
        self.mismatch = self._verify.mismatch
        return found

    def read_status(self) -> int:
        """TRIP_* bits that the chip holds."""
        self._bus.read(_SAFETY_STATUS_A, 5)
        return trips_of(self._bus.data) | (TRIP_PF if self._pf else 0)

    # cells, shunt, temps

    def read_cells(self, cell_mv) -> None:
        """Cells, stack, PACK, LD and current in one burst, and `flags`."""
        data = self._bus.data
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        self.flags = FLAG_RESET
        self._ma_new = False
        self._bus.read(_BATTERY_STATUS, _BURST_N)
        pick_words(data, self._cell_at, cell_mv, self._cell_n)
        self.stack_mv = int16(data, _STACK) * _USER_VOLT_MV
        self.pack_mv = int16(data, _PACK) * _USER_VOLT_MV
        self.ld_mv = int16(data, _LD) * _USER_VOLT_MV
        self._ma = int16(data, _CURRENT) * self._ma_per_bit
        self._ma_new = True
        status = data[0] | data[1] << 8
        self.flags = flags_of(status)
        self._pf = status & _PF != 0

    def read_current(self) -> int:
        """Pack current: of the burst that `read_cells` has just made, else a new reading."""
        if not self._ma_new:
            self._bus.read(_CC2_CURRENT, 2)
            self._ma = int16(self._bus.data, 0) * self._ma_per_bit
        self._ma_new = False
        return self._ma

    def read_temps(self, temp_ddegc) -> None:
        """Thermistors. The die's temperature comes with every fifth `verify_step`, and ages."""
        verify = self._verify
        verify.die_age += 1
        self.die_ddegc = verify.die_ddegc if verify.die_age <= DIE_AGE_MAX else TEMP_NONE
        self.fet_ddegc = TEMP_NONE
        wiring = self._wiring
        if not wiring.temp_n:
            return
        data = self._bus.data
        self._bus.read(_TS1 + wiring.temp_at, wiring.temp_n)
        ntc_at = wiring.ntc_at
        for i in range(len(ntc_at)):
            temp_ddegc[i] = ddegc(data, ntc_at[i])
        if wiring.fet_at >= 0:
            self.fet_ddegc = ddegc(data, wiring.fet_at)

    # switch

    def read_fets(self) -> int:
        """FETs that conduct: FET Status has the bits of `roles.py`."""
        self._bus.read(_FET_STATUS, 1)
        return self._bus.data[0] & 0x0F

    def write_fets(self, bits: int) -> None:
        """Permit exactly these FETs; the chip's protections have the last word."""
        self.permitted = bits
        self._fets.write(bits)

    def detect_load(self, on: bool) -> None:
        """Pull LD up, so that a load shows; of use while the FETs are off."""
        self._sub.command(_LOAD_DETECT_ON if on else _LOAD_DETECT_OFF)

    def sleep(self, on: bool) -> None:
        """Let the chip measure slowly while little current flows, or keep it awake.

        Asleep its alarm leaves out the host watchdog, which runs out between two slow scans.
        """
        self._verify.alarm_mask = ALARM_ASLEEP if on else ALARM_MASK
        self._write_word(_ALARM_ENABLE, self._verify.alarm_mask)
        self._sub.command(_SLEEP_ENABLE if on else _SLEEP_DISABLE)

    def shutdown(self) -> None:
        """Power down: a charger wakes the chip, or TS2; its configuration is lost."""
        self._sub.command(_SHUTDOWN)
        if self.flags & FLAG_SEALED:  # then it wants to be told twice within 4 s
            self._sub.command(_SHUTDOWN)

    # bleed

    def write_bleed(self, mask: int) -> None:
        """Bleed exactly these cells, for `bleed_refresh_ms` at most."""
        inputs = self._wiring.to_inputs(mask)
        self._out[0] = inputs & 0xFF
        self._out[1] = inputs >> 8
        self._sub.write(_CB_ACTIVE_CELLS, self._out, 0, 2)

    def read_bleed(self) -> int:
        """Cells that bleed, as the chip says."""
        self._sub.read(_CB_ACTIVE_CELLS, 2)
        return self._wiring.to_cells(self._bus.data[2] | self._bus.data[3] << 8)

    # alert

    def read_alarm(self) -> int:
        """Alarm Status: what pulled ALERT low and was not cleared."""
        self._bus.read(_ALARM_STATUS, 2)
        alarm = self._bus.data[0] | self._bus.data[1] << 8
        if alarm & _ALARM_PF & ~self._alarm:
            self._pf = True  # news; from the next burst on Battery Status tells
        self._alarm = alarm
        return alarm

    def clear_alarm(self, bits: int) -> None:
        """Clear exactly these bits of it."""
        self._write_word(_ALARM_STATUS, bits)

    # writing

    def _write_word(self, reg: int, word: int) -> None:
        self._out[0] = word & 0xFF
        self._out[1] = word >> 8
        self._bus.write(reg, self._out, 2)
