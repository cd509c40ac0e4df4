"""Texas Instruments INA228 and INA226: current at a shunt, voltage of the bus, over-current alert.

    from machine import I2C, Pin
    from ina22x import INA22x, INA228
    from regbus import RegBus

    bus = RegBus(I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000), 0x40, name="ina228")
    meter = INA22x(bus, INA228, shunt_uohm=500)
    meter.probe()
    meter.limit(200_000, 100_000, delay_ms=320)
    meter.arm()
    print(meter.read_current(), "mA", meter.read_bus(), "mV")
It fills the roles shunt and alert of `roles.py`, and of guard what it can: a limit each way. ALERT falls when the
average of one cycle is beyond a limit and stays low until it is read. IN+ is on the side that makes charging positive.

An INA226 has one limit only: that of discharging. There is no CRC: what is written is read back, and
every look at the alert also sees that the configuration is still there. Sources: INA228 and INA226 data sheets.
"""

import errno

from micropython import const

from ina22x_parts import (
    ALERT_REG,
    BUS_BYTES,
    BUS_MV,
    BUS_REG,
    CHARGE_REG,
    CONFIG_BITS,
    ID,
    INA226,
    INA228,
    NAME,
    READY,
    SHUNT_BYTES,
    SHUNT_REG,
    TRIPS,
    Settings,
    word,
)
from roles import FLAG_RESET, STEP_BUSY, STEP_DIFFERS, STEP_PASS

__all__ = ("INA22x", "INA226", "INA228")

_HOLD_N = const(8)  # looks that a trip stays in `read_status`: two seconds of scans
_STILL_MAX = const(8)  # looks at the alert in a row without a new reading of the shunt
_RSTACC = const(0x4000)  # CONFIG of an INA228
_CONFIG_REG = const(0x00)


class INA22x:
    """One meter on its own bus address, with `shunt_uohm` between its inputs."""

    def __init__(self, bus, part, shunt_uohm: int):
        self._bus = bus
        self._part = part
        self._shunt_uohm = shunt_uohm
        self._settings = Settings(part, shunt_uohm)
        self._out = bytearray(2)
        self._alarm = 0  # seen and not yet cleared
        self._held = 0
        self._trips = 0
        self._step = 0
        self._still_n = 0
        self.applied = {}
        self.mismatch = 0
        self.flags = FLAG_RESET
        self.pack_ma = 0  # as last read

    # guard

    def probe(self) -> None:
        """See that the right part answers; `OSError` names what was found."""
        for reg, high, low, mask in self._part[ID]:
            found = self._read_word(reg)
            if found >> 8 != high or found & mask != low:
                why = "expected {}, found 0x{:04x}"
                self._bus.fail(reg, why, errno.ENODEV, self._part[NAME], found)

    def load(self, config) -> None:
        """Limits of a configuration: `ocd2_ma`, `occ2_ma` and the shorter of their delays."""
        if config.shunt_uohm != self._shunt_uohm:
            raise ValueError(f"shunt_uohm: {config.shunt_uohm}, wired is {self._shunt_uohm}")
        self.limit(config.ocd2_ma, config.occ2_ma, min(config.ocd2_ms, config.occ2_ms))

    def limit(self, discharge_ma: int, charge_ma: int, delay_ms: int) -> None:
        """Choose limits and cycle; what they are worth is in `applied`."""
        self.applied = self._settings.limit(discharge_ma, charge_ma, delay_ms)

    def arm(self) -> None:
        """Write the configuration; `verify_all` tells whether it arrived. Charge goes on counting."""
        rows = self._settings.rows
        for i in range(len(rows)):
            self._write_word(rows[i][0], rows[i][1])
        self._write_word(self._part[ALERT_REG], self._part[CONFIG_BITS])
        self._trips = self._held = 0

    def verify_all(self) -> int:
        """Read everything back now; how many registers differ."""
        self.mismatch = 0
        differ_n = 0
        rows = self._settings.rows
        for i in range(len(rows)):
            if self._read_word(rows[i][0]) != rows[i][1]:
                self.mismatch = rows[i][0]
                differ_n += 1
        self.read_alarm()
        return differ_n + (1 if self.flags else 0)

    def verify_step(self) -> int:
        """One register of the same."""
        rows = self._settings.rows
        row = rows[self._step]
        if self._read_word(row[0]) != row[1]:
            self.mismatch = row[0]
            return STEP_DIFFERS
        self._step += 1
        if self._step < len(rows):
            return STEP_BUSY
        self._step = 0
        return STEP_PASS

    def read_status(self) -> int:
        """TRIP_* bits that `read_alarm` has seen, for some scans: the cause ends with the FETs."""
        if not self._held:
            return 0
        self._held -= 1
        return self._trips

    # shunt

    def read_current(self) -> int:
        """Average of the last cycle in mA, positive = charging."""
        bus = self._bus
        n = self._part[SHUNT_BYTES]
        self.pack_ma = 0
        if self._still_n > _STILL_MAX:
            bus.fail(self._part[SHUNT_REG], "stands still, no conversion has ended")
        bus.read(self._part[SHUNT_REG], n)
        raw = word(bus.data, 0)
        if raw & 0x8000:
            raw -= 0x10000
        if n == 2:  # 2.5 uV
            self.pack_ma = raw * 2500 // self._shunt_uohm
        else:  # 312.5 nV
            self.pack_ma = (raw << 4 | bus.data[2] >> 4) * 625 // (2 * self._shunt_uohm)
        return self.pack_ma

    def read_bus(self) -> int:
        """Voltage at VBUS in mV."""
        n = self._part[BUS_BYTES]
        self._bus.read(self._part[BUS_REG], n)
        raw = word(self._bus.data, 0)
        if n == 3:
            raw = raw << 4 | self._bus.data[2] >> 4
        numerator, denominator = self._part[BUS_MV]
        return raw * numerator // denominator

    def read_charge(self) -> int:
        """What has flowed since `clear_charge`, in uAh (INA228). Counted between scans too.

        Bounds: bits 39..8 of the register are 22222.2 uAh * uohm each; 1000 Ah stays below 2^30.
        """
        if not self._part[CHARGE_REG]:
            why = "an {} does not count charge"
            self._bus.fail(0, why, errno.ENODEV, self._part[NAME])
        bus = self._bus
        bus.read(self._part[CHARGE_REG], 5)
        high = word(bus.data, 0)
        raw = (high - 0x10000 if high & 0x8000 else high) << 16 | word(bus.data, 2)
        whole = raw // self._shunt_uohm
        rest = raw % self._shunt_uohm
        return whole * 22222 + whole * 2 // 9 + rest * 22222 // self._shunt_uohm

    def clear_charge(self) -> None:
        """Count from zero."""
        self._write_word(_CONFIG_REG, self._settings.rows[0][1] | _RSTACC)

    # alert

    def read_alarm(self) -> int:
        """Limit flags seen and not yet cleared. Reading lets the ALERT pin go."""
        seen = self._read_word(self._part[ALERT_REG])
        bits = self._part[CONFIG_BITS]
        self.flags = 0 if seen & bits == bits else FLAG_RESET
        self._still_n = 0 if seen & self._part[READY] else min(self._still_n + 1, _STILL_MAX + 1)
        for flag, trip in self._part[TRIPS]:
            if seen & flag and not self.flags:
                self._alarm |= flag
                self._trips = trip if not self._held else self._trips | trip
                self._held = _HOLD_N
        return self._alarm

    def clear_alarm(self, bits: int) -> None:
        """Forget exactly these flags."""
        self._alarm &= ~bits

    # words

    def _read_word(self, reg: int) -> int:
        self._bus.read(reg, 2)
        return word(self._bus.data, 0)

    def _write_word(self, reg: int, value: int) -> None:
        self._out[0] = value >> 8
        self._out[1] = value & 0xFF
        self._bus.write(reg, self._out, 2)
