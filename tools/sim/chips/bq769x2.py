"""Register-level model of the TI BQ769x2 family: BQ76952 (16 s), BQ769142 (14 s), BQ76942 (10 s).

The bus side speaks bytes, `run(now_us)` does everything that is due, `next_us()` says when the next
thing will be. The plant is read through `sense_v(i)`, `current_a`, `stack_v`, `pack_v`, `ld_v`, `temp_c`,
`fet_c`, `die_c` and told through `chg_on`, `dsg_on`, `pchg_on`, `pdsg_on`, `bleed[i]`, `load_detect`. Misuse
raises `SimError` and is listed in `illegal`; with `strict=False` it is only listed. Not modelled, and
refused: HDQ, OTP, autonomous balancing, latch protections (SCDL OCDL COVL PTO), permanent-fail
checks (`declare_pf` injects one), ADC inputs, thermistors other than 18 k/103AT.
"""

from sim.chips.bq769x2_alarm import Alarm
from sim.chips.bq769x2_balance import Balance
from sim.chips.bq769x2_bits import (
    FXN_MASK,
    FXN_NATIVE,
    NEVER,
    NORMAL,
    OFF,
    OPT_PULLDOWN,
    OPT_PULLUP,
    SECOND_US,
    SLEEP,
)
from sim.chips.bq769x2_fets import Fets
from sim.chips.bq769x2_mailbox import Mailbox
from sim.chips.bq769x2_measure import FET_NODE, PINS, Measure
from sim.chips.bq769x2_memory import Memory, unmodelled
from sim.chips.bq769x2_port import Port
from sim.chips.bq769x2_power import Power
from sim.chips.bq769x2_protect import Protect
from sim.errors import SimError
from sim.pins import Line

# part -> inputs that exist, device number (BQ769142's is not confirmed), slots of a loop without NTCs
PARTS = {
    "BQ76952": (0xFFFF, 0x7695, 18),
    "BQ769142": (0xAFFF, 0x7691, 18),
    "BQ76942": (0x03FF, 0x7694, 12),
}

NTC_WIRING = (("TS1", 0), ("TS2", 1), ("TS3", 2), ("HDQ", FET_NODE))


class BQ769x2Model:
    """The chip: bus front end, time, and the parts that do the work."""

    def __init__(
        self,
        world,
        plant,
        part: str = "BQ76952",
        crc: bool = False,
        addr: int = 0x08,
        cell_mask: int = 0,
        shunt_uohm: int = 1000,
        ntc=NTC_WIRING,
        alert=None,
        cfetoff=None,
        dfetoff=None,
        strict: bool = True,
    ):
        self.world = world
        self.plant = plant
        self.addr = addr
        self.part = part
        self.input_mask, self.device_number, self.slots = PARTS[part]
        self.strict = strict
        self.illegal = []
        self.alert = alert or Line("ALERT")
        self.cfetoff = cfetoff or Line("CFETOFF")
        self.dfetoff = dfetoff or Line("DFETOFF")
        self.state = OFF
        self.changed = False
        self.regs = bytearray(128)
        self._make_parts(cell_mask, shunt_uohm, ntc, crc)
        self._off_ends = (self.cfetoff.end("bq769x2"), self.dfetoff.end("bq769x2"))
        self.cfetoff.watch(self._pin_edge)
        self.dfetoff.watch(self._pin_edge)
        self.power.boot(world.now_us)

    def _make_parts(self, cell_mask: int, shunt_uohm: int, ntc, crc: bool) -> None:
        inputs = self._wire(cell_mask, len(self.plant.cell_v))
        nodes = [(name, node) for name, node in ntc if node < len(self.plant.temp_c)]
        self.memory = Memory()
        self.measure = Measure(self, inputs, nodes, shunt_uohm)
        self.protect = Protect(self)
        self.fets = Fets(self)
        self.balance = Balance(self)
        self.power = Power(self)
        self.mailbox = Mailbox(self)
        self.alarm = Alarm(self, self.alert)
        self.port = Port(self, crc)
        self.start = self.port.start  # the bus talks to the port without a detour
        self.write = self.port.write
        self.read = self.port.read
        self.stop = self.port.stop

    def _wire(self, mask: int, cell_n: int) -> list:
        """Chip input of each cell of the plant."""
        mask = mask or self.input_mask
        inputs = [i for i in range(16) if mask >> i & 1]
        if len(inputs) != cell_n or mask & ~self.input_mask:
            raise ValueError(f"cell_mask must name {cell_n} inputs of a {self.part}")
        return inputs

    # -- what scenarios do to the chip -----------------------------------------------------------

    def brown_out(self) -> None:
        """The supply dips: power-on reset, configuration lost, POR set."""
        if self.power.supplied:
            self.power.boot(self.world.now_us)
            self.settle()

    def supply(self, on: bool) -> None:
        """Take the supply away or give it back."""
        self.power.supplied = on
        if on:
            self.brown_out()
        else:
            self.power.off()
            self.settle()

    def wake_pin(self) -> None:
        """TS2 pulled low for a moment: ends SHUTDOWN."""
        if self.state == OFF:
            self.brown_out()

    def break_ntc(self, pin: str, fault: int) -> None:
        """`fault` is OK, OPEN or SHORT of bq769x2_measure."""
        self.measure.ntc[PINS.index(pin)] = fault

    def declare_pf(self, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> None:
        """Set Permanent Fail Status bits, as if the chip had found them."""
        for i, bits in enumerate((a, b, c, d)):
            self.protect.pf[i] = bits
        self.protection_changed()
        self.settle()

    # -- what the parts tell each other ----------------------------------------------------------

    def refuse(self, what: str) -> None:
        """Somebody used the chip against its manual."""
        self.illegal.append(what)
        if self.strict:
            raise SimError("BQ769x2: " + what)

    def set_state(self, state: int) -> None:
        self.state = state
        self.changed = True

    def moved(self) -> None:
        """An output to the plant changed: look again as soon as the plant has followed."""
        self.changed = True
        self.settle_us = self.world.now_us + 1

    def protection_changed(self) -> None:
        self.changed = True
        self.fets.update()
        guard = self.protect
        if guard.alert_a | guard.alert_b | guard.alert_c | guard.status_a | guard.status_b:
            self.power.wake(self.world.now_us)

    def forget(self) -> None:
        """Loss of power: every register and every output."""
        plant = self.plant
        plant.chg_on = plant.dsg_on = plant.pchg_on = plant.pdsg_on = False
        plant.load_detect = False
        for k in range(len(self.measure.inputs)):
            plant.bleed[k] = False
        for i in range(len(self.regs)):
            self.regs[i] = 0
        self.memory.reset()
        for part in (self.power, self.mailbox):
            part.clear()
        for part in (self.measure, self.protect, self.fets, self.balance, self.alarm, self.port):
            part.reset()
        self.ran_us = self.ticked_us = self.comm_us = self.world.now_us
        self.second_us = NEVER
        self.moved()

    def configure(self, first: bool) -> None:
        """Firmware (re)starts with what data memory says."""
        for part in (self.measure, self.protect, self.fets, self.balance, self.power, self.alarm):
            part.configure()
        if first:  # Mfg Status Init is looked at after a reset only (E2E 1035775)
            self.fets.enabled = bool(self.memory.u2(0x9343) & 0x10)
        for i in range(2):
            config = self.memory.u1(0x92FA + i)
            native = config & FXN_MASK == FXN_NATIVE
            pull = 1 if config & OPT_PULLUP else -1 if config & OPT_PULLDOWN else 0
            self._off_ends[i].set_pull(pull if native else 0)
        for what in unmodelled(self.memory):
            self.refuse("not modelled: " + what)

    def begin(self, now_us: int) -> None:
        """Measurement and protection start."""
        self.comm_us = now_us
        self.ticked_us = now_us
        self.second_us = now_us + SECOND_US
        self.measure.start(now_us)
        self.measure.run(now_us)
        self.measure.extremes(self.protect.volts)
        if not self.measure.loops:
            self.measure.sample(True)

    def halt(self) -> None:
        """Measurement and protection stop; FETs open."""
        self.second_us = NEVER
        self.measure.stop()
        self.protect.stop()
        self.balance.stop()
        self.fets.update()

    # -- time ------------------------------------------------------------------------------------

    def next_us(self) -> int:
        """When the world should stop next for this chip; always later than the last `run`."""
        if self.state == OFF:
            return NEVER
        power = self.power
        due_us = min(power.due_us, power.shut_us, self.settle_us)
        if self.state == NORMAL or self.state == SLEEP:
            guard = self.protect
            due_us = min(due_us, self.second_us, guard.due_us, guard.hwd_due_us())
            due_us = min(due_us, self.balance.until_us, self.fets.due_us)
            if self.measure.stop_each_loop:
                due_us = min(due_us, self.measure.next_us)
        return due_us if due_us > self.ran_us else self.ran_us + 1

    def run(self, now_us: int) -> None:
        """Do everything that is due by now, and look at the plant."""
        self.ran_us = now_us
        if now_us >= self.settle_us:
            self.settle_us = NEVER
        if self.state == OFF:
            self.power.watch_wake(now_us)
        else:
            self.power.run(now_us)
            if self.state == NORMAL or self.state == SLEEP:
                self._run_firmware(now_us)
        if self.changed:
            self.settle()

    def _run_firmware(self, now_us: int) -> None:
        self.measure.run(now_us)
        ticking = now_us >= self.second_us
        if ticking:
            self.second_us += ((now_us - self.second_us) // SECOND_US + 1) * SECOND_US
            self.ticked_us = now_us
        if self.state == SLEEP:
            self.power.watch_current(now_us)
        self.protect.run(now_us)
        if ticking:
            self.protect.tick(now_us)
            self.balance.tick()
            self.power.tick(now_us)
        if now_us >= self.balance.until_us:
            self.balance.stop()
        self.fets.run(now_us)

    def settle(self) -> None:
        """Bring registers and the ALERT pin up to date."""
        while self.changed:
            self.changed = False
            self.alarm.latch()
            self._publish()
            self.alarm.drive()

    def _publish(self) -> None:
        regs = self.regs
        guard = self.protect
        regs[0] = self.fets.ld_on
        regs[1] = 0
        regs[2] = guard.alert_a
        regs[3] = guard.status_a
        regs[4] = guard.alert_b
        regs[5] = guard.status_b
        regs[6] = guard.alert_c
        regs[7] = guard.status_c
        failed = False
        for i in range(4):
            regs[0x0B + 2 * i] = guard.pf[i]
            failed = failed or guard.pf[i] != 0
        word = self.power.status_word()
        word |= 0x1000 if failed else 0
        word |= 0x0800 if guard.status_a | guard.status_b | guard.status_c else 0
        word |= 0x0002 if self.fets.low else 0
        regs[0x12] = word & 0xFF
        regs[0x13] = word >> 8
        regs[0x7F] = self.fets.on | (0x40 if self.alarm.asserted else 0)

    def _pin_edge(self, _level: int) -> None:
        """CFETOFF or DFETOFF moved."""
        if self.state == NORMAL or self.state == SLEEP:
            self.fets.update()
            self.settle()
