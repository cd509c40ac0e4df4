"""Register-level model of the TI BQ76920 (5 cells), BQ76930 (10) and BQ76940 (15), from SLUSBK2I alone.

The bus side speaks bytes, `run(now_us)` does everything that is due, `next_us()` says when the next thing
will be. The plant is read through `sense_v(i)`, `current_a`, `pack_v`, `stack_v`, `temp_c`, `fet_c` and told through
`bleed[i]`; the FET drivers are the lines `chg` and `dsg`, whatever they lead to. ALERT is a line that is
driven and listened to, `boot` one that lifts TS1. Misuse raises `SimError` and is listed in `illegal`; with
`strict=False` it is only listed. Not modelled, and refused: DELAY_DIS.
"""

from sim.chips.bq769x0_measure import FET_NODE, Measure
from sim.chips.bq769x0_port import Port
from sim.chips.bq769x0_protect import Protect
from sim.errors import SimError
from sim.pins import Line

NEVER = 1 << 62

# part: groups of five inputs, time until cells are valid after boot
PARTS = {"BQ76920": (1, 250000), "BQ76930": (2, 400000), "BQ76940": (3, 800000)}
NTC_WIRING = (0, 1, FET_NODE)  # plant nodes of TS1, TS2, TS3

SHIP = 1
BOOT = 2  # answers soon
NORMAL = 3

_I2C_US = 1000
_BOOT_US = 10000
_PULSE_US = 10  # shorter ones at TS1 are not seen

# SYS_STAT
CC_READY = 0x80
XREADY = 0x20
OVRD = 0x10
UV = 0x08
OV = 0x04
SCD = 0x02
OCD = 0x01
_SHUTS_CHG = OV | OVRD | XREADY
_SHUTS_DSG = UV | OCD | SCD | OVRD | XREADY

# value after power-up where it is not 0
_RESET = ((0x09, 0xAC), (0x0A, 0x97))
# writable registers: bits that must be written as 0
_MUST_BE_0 = {
    0x00: 0x40,
    0x01: 0xE0,
    0x02: 0xE0,
    0x03: 0xE0,
    0x04: 0xE4,
    0x05: 0x9C,
    0x06: 0x60,
    0x07: 0x80,
    0x08: 0x0F,
    0x09: 0x00,
    0x0A: 0x00,
    0x0B: 0xE6,
}


class BQ769x0Model:
    """The chip: registers, modes, FET drivers and ALERT; measuring and protecting are parts of it."""

    def __init__(
        self,
        world,
        plant,
        part: str = "BQ76940",
        crc: bool = True,
        addr: int = 0x08,
        inputs=None,
        shunt_uohm: int = 1000,
        ntc=NTC_WIRING,
        gain_uv: int = 380,
        offset_mv: int = 30,
        chg=None,
        dsg=None,
        alert=None,
        boot=None,
        strict: bool = True,
    ):
        self.world = world
        self.plant = plant
        self.addr = addr
        self.part = part
        self.groups, self.settle_us = PARTS[part]
        self.strict = strict
        self.illegal = []
        self.shunt_uohm = shunt_uohm
        self.state = SHIP
        self.regs = bytearray(0x60)
        self.told = 0  # bits of SYS_STAT that the host has read since they were set
        self.measure = Measure(self, self._wire(inputs), ntc[: self.groups], gain_uv, offset_mv)
        self.protect = Protect(self)
        self.port = Port(self, crc)
        port = self.port
        self.start, self.write, self.read, self.stop = port.start, port.write, port.read, port.stop
        self.chg = (chg or Line("CHG")).end("bq769x0")
        self.dsg = (dsg or Line("DSG")).end("bq769x0")
        self.alert = (alert or Line("ALERT", pull=-1)).end("bq769x0")
        self.alert.line.watch(self._alert_edge)
        (boot or Line("TS1", pull=-1)).watch(self._boot_edge)
        self._boot_us = NEVER
        self.power_up()
        self.wake_pin()

    def _wire(self, inputs) -> list:
        """Chip input (0-based) of each cell of the plant."""
        cell_n = len(self.plant.cell_v)
        found = list(inputs or range(cell_n))
        if len(found) != cell_n or max(found) >= 5 * self.groups:
            raise ValueError(f"inputs must name {cell_n} of a {self.part}")
        return found

    # -- what scenarios do to the chip -----------------------------------------------------------

    def power_up(self) -> None:
        """Supply comes up: the chip sleeps in SHIP and hears nothing."""
        self._forget()

    brown_out = power_up

    def wake_pin(self) -> None:
        """A pulse at TS1."""
        if self.state == SHIP:
            self._forget()
            self.state = BOOT
            self.due_us = self.world.now_us + _BOOT_US

    def upset(self) -> None:
        """An internal fault: DEVICE_XREADY."""
        for reg in (1, 2, 3):
            self.regs[reg] = 0
        self.balance()
        self.latch(XREADY)

    # -- what the parts tell each other ----------------------------------------------------------

    def refuse(self, what: str) -> None:
        """Somebody used the chip against its data sheet."""
        self.illegal.append(what)
        if self.strict:
            raise SimError("BQ769x0: " + what)

    def latch(self, bits: int) -> None:
        """Bits of SYS_STAT come up; FETs open as table 8-1 says."""
        fresh = bits & ~self.regs[0]
        self.regs[0] |= bits
        self.told &= ~fresh
        control = self.regs[5]
        if bits & _SHUTS_CHG:
            control &= ~1
        if bits & _SHUTS_DSG:
            control &= ~2
        self.regs[5] = control
        self._drive()

    def _drive(self) -> None:
        """FETs first, then ALERT, which may interrupt the host."""
        control = self.regs[5] if self.state == NORMAL else 0
        before = (self.chg.out, self.dsg.out)
        self.chg.drive(control & 1)
        self.dsg.drive(control >> 1 & 1)
        if before != (self.chg.out, self.dsg.out):
            self.look_us = self.world.now_us + 1
        asserted = self.state == NORMAL and bool(self.regs[0])
        self.alert.drive(1 if asserted else None)
        self.alert.set_pull(-1)
        if self.state == NORMAL and not asserted and self.alert.value():
            self.latch(OVRD)  # still held high by somebody

    def _alert_edge(self, level: int) -> None:
        """A high that is not ours opens both FETs."""
        if level and self.state == NORMAL and not self.alert.out:
            self.latch(OVRD)

    def _boot_edge(self, level: int) -> None:
        if level:
            self._boot_us = self.world.now_us
        elif self.world.now_us - self._boot_us >= _PULSE_US:
            self._boot_us = NEVER
            self.wake_pin()

    def balance(self) -> None:
        """CELLBAL to the plant."""
        bits = self.regs[1] | self.regs[2] << 5 | self.regs[3] << 10
        inputs = self.measure.inputs
        for k in range(len(inputs)):
            self.plant.bleed[k] = bool(bits >> inputs[k] & 1)

    def _forget(self) -> None:
        """Every register and every output."""
        self.state = SHIP
        for i in range(len(self.regs)):
            self.regs[i] = 0
        for reg, value in _RESET:
            self.regs[reg] = value
        self.told = 0
        self.due_us = self.look_us = NEVER
        self.ran_us = self.world.now_us
        self.measure.reset()
        self.protect.reset()
        self.port.reset()
        self.balance()
        self._drive()

    # -- registers -------------------------------------------------------------------------------

    def answers(self) -> bool:
        """Does anybody listen on the bus?"""
        if self.world.now_us != self.ran_us:
            self.run(self.world.now_us)
        if self.state == BOOT:
            return self.world.now_us >= self.due_us - _BOOT_US + _I2C_US
        return self.state == NORMAL

    def store(self, reg: int, value: int) -> None:
        """One byte from the host."""
        if reg not in _MUST_BE_0 or (reg in (2, 3) and reg > self.groups):
            self.refuse(f"write of 0x{value:02X} to register 0x{reg:02X}")
            return
        if value & _MUST_BE_0[reg]:
            self.refuse(f"0x{value:02X} in register 0x{reg:02X} sets reserved bits")
            return
        if reg == 0:
            self._clear(value)
        elif reg <= 3:
            self._store_balance(reg, value)
        elif reg == 4:
            self._store_control1(value)
        elif reg == 5:
            self._store_control2(value)
        else:
            if reg == 0x0B and value != 0x19:
                self.refuse("CC_CFG must be 0x19")
            self.regs[reg] = value
            self.protect.configure()

    def _clear(self, value: int) -> None:
        if value & self.regs[0] & ~self.told:
            self.refuse("a bit of SYS_STAT is cleared that nobody has read")
        self.regs[0] &= ~value
        self._drive()

    def _store_balance(self, reg: int, value: int) -> None:
        if value & value << 1:
            self.refuse(f"neighbours balance in group {reg}")
        self.regs[reg] = value
        self.balance()

    def _store_control1(self, value: int) -> None:
        before, shut = self.regs[4] & 3, value & 3
        if (value ^ self.regs[4]) & 0x08:
            self.measure.delay_temps()
        self.regs[4] = value
        if before == 1 and shut == 2:
            self.power_up()

    def _store_control2(self, value: int) -> None:
        stat = self.regs[0]
        for bit, shuts, name in ((1, _SHUTS_CHG, "CHG"), (2, _SHUTS_DSG, "DSG")):
            if value & bit and stat & shuts:
                self.refuse(f"{name}_ON with SYS_STAT 0x{stat:02X} not cleared")
                value &= ~bit
        if value & 0x20 and (value & 0x40 or stat & CC_READY):
            self.refuse("CC_ONESHOT with CC_EN or CC_READY")
        if value & 0x60 and not self.regs[5] & 0x60:
            self.measure.start_current()
        self.regs[5] = value
        self._drive()

    # -- time ------------------------------------------------------------------------------------

    def next_us(self):
        """When the world should stop next for this chip; always later than the last `run`."""
        if self.state < BOOT:
            return None
        due_us = min(self.due_us, self.look_us)
        if self.state == NORMAL:
            due_us = min(due_us, self.protect.due_us)
            if (
                self.regs[5] & 3
            ):  # with both FETs off nothing happens that cannot wait for the host
                due_us = min(due_us, self.measure.next_us)
        return due_us if due_us > self.ran_us else self.ran_us + 1

    def run(self, now_us: int) -> None:
        """Do everything that is due by now, and look at the plant."""
        passed_us = now_us - self.ran_us
        self.ran_us = now_us
        if now_us >= self.look_us:
            self.look_us = NEVER
        if self.state == BOOT and now_us >= self.due_us:
            self.due_us = NEVER
            self.state = NORMAL
            self.regs[4] = 0x10  # ADC_EN
            self.measure.start(now_us)
            self._drive()
        if self.state == NORMAL:
            self.measure.run(now_us, passed_us)
            self.protect.run(now_us)
