"""What the BQ769x2 model measures: one ADSCAN after another, quantised as the chip does it.

A sample is taken in the first `run` at or after a loop boundary, from the plant as it is then; between
two boundaries the registers do not move. Stack, PACK, LD and the die temperature follow every third
loop. TRM chapter 4.
"""

import struct

from sim.chips.bq769x2_bits import (
    ADSCAN,
    FULLSCAN,
    FXN_MASK,
    FXN_THERMISTOR,
    NEVER,
    SECOND_US,
)

PINS = ("CFETOFF", "DFETOFF", "ALERT", "TS1", "TS2", "TS3", "HDQ", "DCHG", "DDSG")
FET_NODE = -1  # wire a pin to the plant's MOSFET temperature instead of a cell node

OK = 0
OPEN = 1
SHORT = 2
_OPEN_DDEGK = 1932  # an open NTC reads some -80 degC
_SHORT_DDEGK = 4732  # a shorted one some +200 degC

_CC_LSB_UV = 7.5684  # coulomb counter, 16-bit LSB at VREF2 = 1.24 V: 1.24 V / (5 * 2^23) * 2^8
_DEADBAND_UV = 0.234  # one code of Coulomb Counter Deadband
_USER_UA = (100, 1000, 10000, 100000)
_SLOT_US = 3000
_CC1_US = 250000
_USE_CELL = 1
_USE_FET = 3


def saturate(value: float) -> int:
    """Round half up into a signed 16-bit register."""
    if value >= 32767.0:
        return 32767
    if value <= -32768.0:
        return -32768
    return int(value + 32768.5) - 32768


def ddegk(celsius: float) -> int:
    """Degrees Celsius to the chip's 0.1 K."""
    return saturate((celsius + 273.15) * 10.0)


class Measure:
    """Inputs, their wiring, their errors, and the registers 0x14..0x3B and 0x68..0x7B."""

    def __init__(self, chip, inputs, ntc, shunt_uohm: int):
        self.chip = chip
        self.inputs = inputs  # chip input (0-based) of each cell of the plant
        self.shunt_uohm = shunt_uohm
        self.nodes = [None] * len(PINS)  # what is soldered to each pin
        for name, node in ntc:
            self.nodes[PINS.index(name)] = node
        self.ntc = bytearray(len(PINS))  # OK, OPEN or SHORT
        self.gain_ppm = [0] * len(inputs)
        self.offset_mv = [0.0] * len(inputs)
        self.noise_mv = 0.0
        self.prng = None
        self.bleed_drop_mv = (
            30.0  # bleed current times filter resistance; half of it to each neighbour
        )
        self.stop_each_loop = False  # ask the world to stop at every loop boundary
        self.cell_mv = [0] * 16
        self.reset()

    def reset(self) -> None:
        """After power-up nothing has been measured."""
        self.next_us = NEVER
        self.loops = 0
        self.ran_us = 0
        self.uv = 0.0  # at the shunt, now
        self.ma = 0.0  # what the coulomb counter makes of it
        self.passed_mas = 0.0
        self.passed_us = 0
        self.preset_passq()
        for i in range(16):
            self.cell_mv[i] = 0
        self.user = self.cc1_user = 0
        self._cc1_mas = 0.0
        self._cc1_us = 0
        self.die = self.stack = self.pack = self.ld = 0
        self.cell_hot = self.cell_cold = self.fet_hot = 0  # 0.1 K, 0 = no such sensor

    def configure(self) -> None:
        """Take over Vcell Mode, DA Configuration, pin functions and timing."""
        memory = self.chip.memory
        mode = memory.u2(0x9304) & self.chip.input_mask or self.chip.input_mask
        self.used = mode
        pairs = [(k, self.inputs[k]) for k in range(len(self.inputs))]
        self.watched = [k for k, i in pairs if mode >> i & 1]
        wired = 0
        for i in self.inputs:
            wired |= 1 << i
        self.ghost = bool(mode & ~wired)  # an input counts as a cell and has none: reads 0 V
        config = memory.u1(0x9303)
        self.user_ua = _USER_UA[config & 3]
        self.volt_per_mv = 0.1 if config & 4 else 1.0  # userV codes a millivolt
        self.die_use = (_USE_FET if config & 16 else _USE_CELL) if config & 8 else 0
        self.ma_per_uv = memory.get("f", 0x91A8) / _CC_LSB_UV
        self.deadband_uv = memory.u1(0x922D) * _DEADBAND_UV
        self.thermistors = []  # (pin, use, offset in 0.1 K)
        for pin in range(len(PINS)):
            pin_config = memory.u1(0x92FA + pin)
            if pin_config & FXN_MASK == FXN_THERMISTOR:
                offset = memory.i1(0x91CB + pin)
                self.thermistors.append((pin, pin_config >> 2 & 3, offset))
        self.die_offset = memory.i1(0x91CA)
        self._set_loop(memory.u2(0x9234))

    def _set_loop(self, power_config: int) -> None:
        slots = self.chip.slots + min(3, len(self.thermistors))
        slot_us = _SLOT_US // 2 if power_config & 0x40 else _SLOT_US
        self.loop_us = slots * slot_us << (power_config >> 2 & 3)

    def start(self, now_us: int) -> None:
        """Begin measuring."""
        self.ran_us = now_us
        self.pace(now_us, False)

    def stop(self) -> None:
        """Stop measuring; the registers keep what they hold."""
        self.next_us = NEVER

    def pace(self, now_us: int, sleeping: bool) -> None:
        """Change to the slow rhythm of SLEEP, where every measurement is a full one, or back."""
        self.slow = sleeping
        self.period_us = self.chip.memory.u1(0x924A) * SECOND_US if sleeping else self.loop_us
        self.next_us = now_us + self.period_us

    def run(self, now_us: int) -> None:
        """Integrate current; sample when a loop has ended."""
        plant = self.chip.plant
        uv = plant.current_a * self.shunt_uohm
        self.uv = uv
        self.ma = uv * self.ma_per_uv
        passed_us = now_us - self.ran_us
        self.ran_us = now_us
        self.passed_us += passed_us
        self._average(passed_us)
        if uv >= self.deadband_uv or -uv >= self.deadband_uv:
            self.passed_mas += self.ma * passed_us / 1000000.0
        if now_us >= self.next_us:
            passed = (now_us - self.next_us) // self.period_us + 1
            self.next_us += passed * self.period_us
            before = self.loops // 3
            self.loops += passed
            self.sample(self.slow or self.loops // 3 != before)

    def _average(self, passed_us: int) -> None:
        """CC1: the mean current of each 250 ms, whatever it does meanwhile."""
        self._cc1_mas += self.ma * passed_us
        self._cc1_us += passed_us
        if self._cc1_us >= _CC1_US:
            self.cc1_user = saturate(self._cc1_mas / self._cc1_us * 1000.0 / self.user_ua)
            self._cc1_mas = 0.0
            self._cc1_us = 0

    def sample(self, full: bool) -> None:
        """One ADSCAN, the last of a FULLSCAN if `full`."""
        self._cells()
        regs = self.chip.regs
        self.user = saturate(self.ma * 1000.0 / self.user_ua)
        struct.pack_into("<h", regs, 0x3A, self.user)
        if full:
            plant = self.chip.plant
            scale = 1000.0 * self.volt_per_mv
            self.stack = saturate(plant.stack_v * scale)
            self.pack = saturate(plant.pack_v * scale)
            self.ld = saturate(plant.ld_v * scale)
            struct.pack_into("<hhh", regs, 0x34, self.stack, self.pack, self.ld)
            self.die = saturate((plant.die_c + 273.15) * 10.0 + self.die_offset)
            struct.pack_into("<h", regs, 0x68, self.die)
            self.chip.fets.note_load_detect()
        self._temperatures()
        self.chip.alarm.pulse(ADSCAN | FULLSCAN if full else ADSCAN)

    def _cells(self) -> None:
        sense = self.chip.plant.sense_v
        cell_mv = self.cell_mv
        gain = self.gain_ppm
        offset = self.offset_mv
        for k in range(len(self.inputs)):
            mv = sense(k) * 1000.0
            if gain[k]:
                mv += mv * gain[k] / 1000000.0
            mv += offset[k]
            if self.noise_mv:
                mv += self.prng.spread(self.noise_mv)
            cell_mv[self.inputs[k]] = mv
        bleeding = self.chip.balance.active
        if bleeding:
            self._disturb(bleeding)
        for i in self.inputs:
            mv = cell_mv[i]
            cell_mv[i] = int(mv + 32768.5) - 32768 if -32000.0 < mv < 32000.0 else saturate(mv)
        struct.pack_into("<16h", self.chip.regs, 0x14, *cell_mv)

    def _disturb(self, bleeding: int) -> None:
        """A bleeding cell reads low by the drop in its input filter, its neighbours high by half."""
        drop = self.bleed_drop_mv
        cell_mv = self.cell_mv
        for k in range(len(self.inputs)):
            if bleeding >> self.inputs[k] & 1:
                cell_mv[self.inputs[k]] -= drop
                if k:
                    cell_mv[self.inputs[k - 1]] += drop / 2.0
                if k + 1 < len(self.inputs):
                    cell_mv[self.inputs[k + 1]] += drop / 2.0

    def _temperatures(self) -> None:
        hot = fet = 0
        cold = 0
        regs = self.chip.regs
        for pin, use, offset in self.thermistors:
            value = self._ntc_ddegk(pin) + offset
            struct.pack_into("<h", regs, 0x6A + 2 * pin, value)
            if use == _USE_CELL:
                hot = max(hot, value)
                cold = min(cold, value) if cold else value
            elif use == _USE_FET:
                fet = max(fet, value)
        if self.die_use == _USE_CELL:
            hot = max(hot, self.die)
            cold = min(cold, self.die) if cold else self.die
        elif self.die_use == _USE_FET:
            fet = max(fet, self.die)
        self.cell_hot = hot
        self.cell_cold = cold
        self.fet_hot = fet

    def _ntc_ddegk(self, pin: int) -> int:
        node = self.nodes[pin]
        if node is None or self.ntc[pin] == OPEN:
            return _OPEN_DDEGK
        if self.ntc[pin] == SHORT:
            return _SHORT_DDEGK
        plant = self.chip.plant
        celsius = plant.fet_c if node == FET_NODE else plant.temp_c[node]
        return max(_OPEN_DDEGK, min(_SHORT_DDEGK, ddegk(celsius)))

    def extremes(self, out) -> None:
        """Highest and lowest cell in volts, as the voltage comparators see them, into `out`."""
        sense = self.chip.plant.sense_v
        volts = [sense(k) for k in self.watched]
        out[0] = max(volts)
        out[1] = 0.0 if self.ghost else min(volts)

    def used_mv(self) -> list:
        """Measured millivolts of the inputs that count as cells."""
        return [self.cell_mv[i] for i in range(16) if self.used >> i & 1]

    def preset_passq(self) -> None:
        """RESET_PASSQ: half a userAh, so that the integer part is rounded."""
        self.passed_mas = 0.0
        self.passed_us = 0
