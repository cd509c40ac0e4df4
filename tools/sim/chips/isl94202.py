"""Register-level model of Renesas' ISL94202: 3 to 8 cells, autonomous FETs, EEPROM behind RAM.

The awkward parts: configuration addresses mean EEPROM while EEEN is set and its RAM copy otherwise, which
follows at the next power-up only; EEPROM has its own rules (isl94202_store) and while it is written the
chip does not acknowledge; at most four bytes a write, in EEPROM one. CTRL1 obeys the host only under
uCFET, and then nothing opens a FET but the host, FETSOFF and the watchdog; after the watchdog uCFET is
clear. Fault bits drop by themselves. Not modelled, and refused: IDLE, DOZE and SLEEP by command, uCSCAN,
uCCMON, uCLMON, ADC by hand, precharge FET, EOC, the chip's own balancing.
"""

from sim.chips.isl94202_map import GAINS, SELECTS, code_of, xt_code
from sim.chips.isl94202_protect import CHARGE_FAULTS, DISCHARGE_FAULTS, Protect
from sim.chips.isl94202_store import Store
from sim.errors import SimError
from sim.pins import Line

NEVER = 1 << 62
SCAN_US = 32000
UP_US = 3000000


class ISL94202Model:
    """The chip; `sd` is its open-drain fault output, `fetsoff` its input, high = both off."""

    def __init__(
        self, world, plant, shunt_uohm=1000, sd=None, fetsoff=None, xt2_fet=False, strict=True
    ):
        self.world = world
        self.plant = plant
        self.addr = 0x28
        self.shunt_uohm = shunt_uohm
        self.xt2_fet = xt2_fet
        self.strict = strict
        self.illegal = []
        self.store = Store(world)
        self.eeprom = self.store.data
        self.worn = self.store.worn
        self.sd = sd or Line("SD", pull=1)
        self._sd_end = self.sd.end("isl94202")
        self.fetsoff = fetsoff or Line("FETSOFF")
        self.protect = Protect(self)
        self.on = True
        self.up_us = 0  # nothing before
        self.reset()
        self.fetsoff.watch(lambda _level: self.drive())

    # -- what scenarios do to the chip -----------------------------------------------------------

    def brown_out(self) -> None:
        """The supply dips: RAM is copied from EEPROM anew, and nothing works for three seconds."""
        self.up_us = self.world.now_us + UP_US
        self.reset()

    def wake_pin(self) -> None:
        """A charger's edge ends power-down."""
        if not self.on:
            self.on = True
            self.brown_out()

    def refuse(self, what: str) -> None:
        """Somebody used the chip against its manual."""
        self.illegal.append(what)
        if self.strict:
            raise SimError("ISL94202: " + what)

    def reset(self) -> None:
        now_us = self.world.now_us
        self.store.reset()
        self.config = bytearray(self.eeprom[:0x4C])
        self.ram = bytearray(0x2C)  # 0x80 .. 0xAB
        self.eeen = False
        self.heard_us = now_us
        self.silent = False
        self.ran_us = now_us
        self.scan_us = now_us + SCAN_US
        self.pointer = 0
        self._in = bytearray()
        self.protect.reset()
        self.sample()
        self.drive()

    # -- time ------------------------------------------------------------------------------------

    def next_us(self) -> int:
        """When something happens by itself."""
        if not self.on:
            return NEVER
        due_us = self.protect.next_us()
        if self.up_us > self.ran_us:
            due_us = min(due_us, self.up_us)
        if self.ram[7] & 0x7C and not self.silent:
            due_us = min(due_us, self.heard_us + self.watchdog_us())
        return max(due_us, self.ran_us + 1)

    def watchdog_us(self) -> int:
        return (self.config[0x47] >> 3) * 1000000

    def run(self, now_us: int) -> None:
        """Everything that is due."""
        self.ran_us = now_us
        if not self.on:
            if self.plant.pack_v > self.plant.stack_v + 1.0:
                self.wake_pin()
            return
        if self.ram[7] & 0x7C and now_us - self.heard_us >= self.watchdog_us():
            self.silent = True
        if now_us >= self.scan_us:
            self.scan_us = now_us + SCAN_US - (now_us - self.scan_us) % SCAN_US
            self.sample()
        self.protect.run(now_us)
        self.drive()

    # -- measuring -------------------------------------------------------------------------------

    def inputs(self):
        """Cell inputs in use; none for a nonsensical selection."""
        return SELECTS.get(self.config[0x49], ())

    def sample(self) -> None:
        """One scan: every reading and what the monitors see."""
        plant = self.plant
        codes = [0] * 8
        inputs = self.inputs()
        for k in range(min(len(inputs), len(plant.cell_v))):
            codes[inputs[k]] = code_of(plant.sense_v(k) * 4095.0 * 3.0 / 14.4)
        used = [codes[i] for i in inputs] or [0]
        gain = GAINS[self.ram[5] >> 4 & 3]
        volts = abs(plant.current_a) * self.shunt_uohm * 1.0e-6
        self._put(0x0A, min(used), max(used), code_of(volts * gain * 4095.0 / 1.8), *codes)
        second_c = plant.fet_c if self.xt2_fet else plant.temp_c[min(1, len(plant.temp_c) - 1)]
        inside = code_of((plant.die_c + 273.15) * 0.0018527 * 4095.0 / 1.8)
        self._put(0x20, inside, xt_code(plant.temp_c[0]), xt_code(second_c))
        self._put(0x26, code_of(plant.stack_v * 4095.0 / 57.6))
        self._look_outside()

    def _look_outside(self) -> None:
        plant = self.plant
        load = not plant.dsg_on and plant.ld_v < 0.5 * plant.stack_v
        charger = not plant.chg_on and plant.pack_v > plant.stack_v + 0.3
        flows = abs(plant.current_a) * self.shunt_uohm > 100.0
        stat = (1 if load else 0) | (2 if charger else 0)
        stat |= (4 if plant.current_a > 0 else 8) if flows else 0
        self.ram[2] = stat
        plant.load_detect = bool(not plant.dsg_on and self.ram[6] & 0x40)

    def _put(self, at: int, *codes) -> None:
        for code in codes:
            self.ram[at : at + 2] = code.to_bytes(2, "little")
            at += 2

    # -- outputs ---------------------------------------------------------------------------------

    def drive(self) -> None:
        """FETs, balancing and SD follow what is known now."""
        stat = self.protect.stat
        self.ram[0] = stat & 0xFF
        self.ram[1] = stat >> 8
        if not self.ram[7] & 0x40:
            fets = (0 if stat & DISCHARGE_FAULTS else 1) | (0 if stat & CHARGE_FAULTS else 2)
            setup = self.config[0x4B]
            if setup & 0x10 and self.ram[2] & 8 and not stat & 0x0B00:
                fets |= 2 if fets & 1 else 0  # DFODOV: no body diode while discharging
            if setup & 0x20 and self.ram[2] & 4 and not stat & 0x0B00:
                fets |= 1 if fets & 2 else 0
            self.ram[6] = self.ram[6] & ~3 | fets
        up = self.ran_us >= self.up_us
        on = self.on and up and not self.silent and not self.fetsoff.level
        plant = self.plant
        plant.chg_on = bool(on and self.ram[6] & 2)
        plant.dsg_on = bool(on and self.ram[6] & 1)
        bleeds = on and self.ram[7] & 0x21 == 0x21
        inputs = self.inputs()
        for k in range(min(len(inputs), len(plant.bleed))):
            plant.bleed[k] = bool(bleeds and self.ram[4] >> inputs[k] & 1)
        self._sd_end.drive(0 if stat & 0x2FFF else None)

    def off(self) -> None:
        """Power down."""
        self.on = False
        self.drive()
        self._sd_end.drive(None)

    # -- the bus ---------------------------------------------------------------------------------

    def start(self, read: bool) -> bool:
        now_us = self.world.now_us
        if not self.on or now_us < self.store.busy_us or now_us < self.up_us:
            return False
        self.heard_us = now_us
        if self.silent:
            self.silent = False
            self.ram[7] &= 0x23  # uCFET and its like are cleared, uCCBAL stays
            self.eeen = False
            self.drive()
        if not read:
            self._in = bytearray()
        return True

    def write(self, byte: int) -> bool:
        self._in.append(byte)
        if len(self._in) == 1:
            self.pointer = byte
        elif len(self._in) > 5:
            self.refuse("more than four bytes in one write")
        return True

    def read(self) -> int:
        at = self.pointer
        self.pointer = at + 1 & 0xFF
        if at < 0x4C:
            return self.store.read(at) if self.eeen else self.config[at]
        if 0x50 <= at < 0x58:
            return self.store.read(at)
        if 0x80 <= at < 0xAC:
            return self.ram[at - 0x80] if at != 0x86 else self._ctrl1()
        self.refuse(f"read of 0x{at:02X}")
        return 0xFF

    def _ctrl1(self) -> int:
        """The FET bits show what the outputs do."""
        plant = self.plant
        return self.ram[6] & ~3 | (1 if plant.dsg_on else 0) | (2 if plant.chg_on else 0)

    def stop(self) -> None:
        data = self._in[1:]
        at = self._in[0] if self._in else 0
        self._in = bytearray()
        if not data:
            return
        if at < 0x58 and self.eeen:
            self._burn(at, data)
        elif at + len(data) <= 0x4C:
            if at <= 0x49 < at + len(data) or at == 0x48:
                self.refuse("the number of cells is in EEPROM only")
                return
            self.config[at : at + len(data)] = data
        else:
            for i in range(len(data)):
                self._control(at + i, data[i])
        self.sample()
        self.drive()

    def _burn(self, at: int, data) -> None:
        if len(data) != 1:
            self.refuse("EEPROM is written a byte at a time")
            return
        self.store.write(at, data[0])

    def _control(self, at: int, value: int) -> None:
        ram = self.ram
        if at == 0x84:
            stray = [i for i in range(8) if value >> i & 1 and i not in self.inputs()]
            if stray:
                self.refuse(f"balancing of inputs {stray} without a cell")
            ram[4] = value
        elif at == 0x85:
            if value & 0x4F:
                self.refuse("not modelled: ADC by hand")
            ram[5] = value
        elif at == 0x86:
            if value & 0x0C:
                self.refuse("not modelled: PCFET, PSD")
            ram[6] = value if ram[7] & 0x40 else value & ~3 | ram[6] & 3
        elif at == 0x87:
            if value & 0x1E:
                self.refuse("not modelled: OW_STRT, uCSCAN, uCCMON, uCLMON")
            ram[7] = value
        elif at == 0x88:
            if value & 0x08:
                self.off()
            elif value:
                self.refuse("not modelled: IDLE, DOZE, SLEEP by command")
        elif at == 0x89:
            self.eeen = bool(value & 1)
            ram[9] = value & 1
        else:
            self.refuse(f"write to 0x{at:02X}")
