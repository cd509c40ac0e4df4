"""Register-level model of TI's INA228 and INA226 on I2C: averaging cycles, limits, latched alert.

A cycle averages the current that flowed in it; at its end results and flags appear. Latched flags and
the ALERT pin stay until the alert register is read, and that read clears them: whoever looks twice sees
nothing the second time. Reset values, the lost calibration among them, come back with every brown-out.
Not modelled, and refused: triggered modes, ADCRANGE = 1, limits of bus, power and temperature.
"""

from sim.chips.ina22x_map import NEVER, PARTS, cycle_us
from sim.errors import SimError
from sim.pins import Line


class INA22xModel:
    """The chip on one address; `alert` is its open-drain output."""

    def __init__(
        self, world, plant, part="INA228", addr=0x40, shunt_uohm=500, alert=None, strict=True
    ):
        self.world = world
        self.plant = plant
        self.addr = addr
        self.part = part
        self.map = PARTS[part]
        self.shunt_uohm = shunt_uohm
        self.alert = alert or Line("ALERT", pull=1)
        self._end = self.alert.end(part)
        self.strict = strict
        self.illegal = []
        self._pointer = 0
        self._in = bytearray()
        self._out = b""
        self._at = 0
        self.reset()

    def brown_out(self) -> None:
        """The supply dips: everything is as after power-on."""
        self.reset()

    def refuse(self, what: str) -> None:
        """Somebody used the chip against its manual."""
        self.illegal.append(what)
        if self.strict:
            raise SimError(f"{self.part}: {what}")

    def reset(self) -> None:
        self.regs = dict(self.map["reset"])
        self.ran_us = self.world.now_us
        self.amps = self.plant.current_a
        self.sum_as = 0.0  # of this cycle
        self.charge = 0.0  # in steps of the register
        self.flags = 0
        self.ready = 0  # a conversion has ended since the alert register was read
        self._restart(self.world.now_us)
        self._set_quiet()
        self._drive()

    # -- time ------------------------------------------------------------------------------------

    def next_us(self) -> int:
        """The end of the cycle, while it may raise a flag; else nobody needs to look."""
        low, high = self.quiet_a
        so_far = self.sum_as / ((self.end_us - self.began_us) * 1.0e-6)
        if low <= self.amps <= high and low <= so_far <= high:
            return NEVER
        return self.end_us

    def run(self, now_us: int) -> None:
        """Integrate the current that has flowed, cycle by cycle; of many that are alike the last."""
        if self.end_us <= now_us:
            self._pass(self.end_us)
            self._finish()
            cycle = self.end_us - self.began_us
            alike = (now_us - self.began_us) // cycle - 1
            if alike > 0:
                self._pass(self.began_us + alike * cycle)
                self._restart(self.began_us + alike * cycle)
        while self.end_us <= now_us:
            self._pass(self.end_us)
            self._finish()
        self._pass(now_us)
        self.amps = self.plant.current_a

    def _pass(self, to_us: int) -> None:
        dt_s = (to_us - self.ran_us) * 1.0e-6
        self.ran_us = to_us
        if dt_s > 0.0:
            self.sum_as += self.amps * dt_s
            self.charge += self.amps * dt_s * self.regs.get(0x02, 0) / self._full_cal()

    def _full_cal(self) -> float:
        """Amperes of a step of CURRENT are SHUNT_CAL over this."""
        return 4096.0 * 312.5e-9 / (self.shunt_uohm * 1.0e-6)

    def _restart(self, now_us: int) -> None:
        self.began_us = now_us
        self.end_us = now_us + cycle_us(self.map, self.regs)
        self.sum_as = 0.0

    def _finish(self) -> None:
        """A cycle has ended: results and flags."""
        amps = self.sum_as / ((self.end_us - self.began_us) * 1.0e-6)
        self._restart(self.end_us)
        code = self._shunt_code(amps)
        self.regs[self.map["shunt"]] = code << 4 if self.map["wide"] else code
        volts = self.plant.pack_v
        bus = int(volts * 1000.0 / self.map["bus_mv"] + 0.5)
        self.regs[self.map["bus"]] = bus << 4 if self.map["wide"] else bus
        low, high = self._limits()
        now = self.map["over"] if code > high else self.map["under"] if code < low else 0
        self.flags = (self.flags if self._latched() else 0) | now
        self.ready = self.map["ready"]
        self._drive()

    def _shunt_code(self, amps: float) -> int:
        raw = amps * self.shunt_uohm * 1000.0 / self.map["shunt_nv"]
        full = self.map["full"]
        return max(-full - 1, min(full, int(raw + full + 1.5) - full - 1))

    def _limits(self):
        """Lowest and highest code that raises no flag."""
        scale = self.map["limit_nv"] / self.map["shunt_nv"]
        if self.map["wide"]:
            over, under = self.regs[0x0C], self.regs[0x0D]
        else:
            over = under = self.regs[0x07]
            sources = self.regs[0x06]
            over = over if sources & 0x8000 else 0x7FFF
            under = under if sources & 0x4000 and not sources & 0x8000 else 0x8000
        return _signed(under) * scale, _signed(over) * scale

    def _set_quiet(self) -> None:
        """Amperes between which no flag can come, a step inside the limits."""
        low, high = self._limits()
        amps = self.map["shunt_nv"] / (self.shunt_uohm * 1000.0)
        self.quiet_a = ((low + 1) * amps, (high - 1) * amps)

    def _latched(self) -> bool:
        alert = self.regs[self.map["alert"]]
        return bool(alert & self.map["latch"])

    def _drive(self) -> None:
        self._end.drive(0 if self.flags else None)

    # -- the bus -----------------------------------------------------------------------------------

    def start(self, read: bool) -> bool:
        if read:
            self._out = self._answer()
            self._at = 0
        else:
            self._in = bytearray()
        return True

    def write(self, byte: int) -> bool:
        self._in.append(byte)
        if len(self._in) == 1:
            self._pointer = byte
        elif len(self._in) == 3:
            self._store(self._in[1] << 8 | self._in[2])
        elif len(self._in) > 3:
            self.refuse(f"register 0x{self._pointer:02X} has two bytes to write")
        return True

    def read(self) -> int:
        if self._at >= len(self._out):
            self.refuse(f"read past register 0x{self._pointer:02X}")
            return 0xFF
        self._at += 1
        return self._out[self._at - 1]

    def stop(self) -> None:
        pass

    def _answer(self) -> bytes:
        reg = self._pointer
        size = self.map["sizes"].get(reg)
        if size is None:
            self.refuse(f"read of unknown register 0x{reg:02X}")
            return b"\xff\xff"
        value = self.regs.get(reg, 0)
        if reg == self.map["alert"]:
            value |= self.flags | self.ready
            self.ready = 0
            if self._latched():
                self.flags = 0
                self._drive()
        elif reg == 0x0A and self.map["wide"]:
            value = int(self.charge)
        return (value & ((1 << 8 * size) - 1)).to_bytes(size, "big")

    def _store(self, value: int) -> None:
        reg = self._pointer
        if reg not in self.map["writable"]:
            self.refuse(f"write to register 0x{reg:02X}")
            return
        if reg == 0x00 and value & 0x8000:
            self.reset()
            return
        if reg == 0x00 and self.map["wide"]:
            if value & 0x4000:
                self.charge = 0.0
                value &= ~0x4000
            if value & 0x0010:
                self.refuse("not modelled: ADCRANGE = 1")
        if reg == self.map["alert"]:
            value = value & self.map["alert_writable"] | self.map["reset"][reg] & 1
        changes = self.regs[reg] != value
        self.regs[reg] = value
        if changes and reg in self.map["pace"]:
            self._restart(self.world.now_us)
        self._set_quiet()
        self._check()

    def _check(self) -> None:
        """What this model cannot do."""
        if self.map["wide"]:
            if self.regs[0x01] >> 12 < 8:
                self.refuse("not modelled: MODE that is not continuous")
            if self.regs[0x0B] & 0x8000 and not self.regs[0x0B] & 0x2000:
                self.refuse("not modelled: alert on single conversions")
        elif self.regs[0x00] & 7 < 5:
            self.refuse("not modelled: MODE that is not continuous")


def _signed(value: int) -> int:
    return value - 0x10000 if value & 0x8000 else value
