"""The comparators of the ISL94202 model: thresholds and delays from the configuration words in force.

Looked at whenever the model runs, with delays exact to the microsecond. Voltage and temperature faults end
at their recovery threshold, current faults when what caused them has gone from the terminals.
"""

NEVER = 1 << 62

OVF, OVLOF, UVF, UVLOF = 0x0001, 0x0002, 0x0004, 0x0008
DOTF, DUTF, COTF, CUTF = 0x0010, 0x0020, 0x0040, 0x0080
IOTF, COCF, DOCF, DSCF, OPENF = 0x0100, 0x0200, 0x0400, 0x0800, 0x2000
_BOTH = IOTF | DSCF | OPENF
CHARGE_FAULTS = OVF | OVLOF | COTF | CUTF | COCF | _BOTH
DISCHARGE_FAULTS = UVF | UVLOF | DOTF | DUTF | DOCF | _BOTH
_OPEN_US = 2048000  # every 64th scan pulls at the inputs

_OCD_MV = (4, 8, 16, 24, 32, 48, 64, 96)
_OCC_MV = (1, 2, 4, 6, 8, 12, 16, 24)
_SCD_MV = (16, 24, 32, 48, 64, 96, 128, 256)
_UNIT_US = (1, 1000, 1000000, 60000000)


class Protect:
    """STAT0 and STAT1 as one word, `stat`."""

    def __init__(self, chip):
        self.chip = chip
        self.reset()

    def reset(self) -> None:
        self.stat = 0
        self._due = {}

    def next_us(self) -> int:
        return min(self._due.values()) if self._due else NEVER

    def run(self, now_us: int) -> None:
        """Compare everything with everything."""
        chip = self.chip
        plant = chip.plant
        count = min(len(chip.inputs()), len(plant.cell_v))
        volts = [plant.sense_v(k) * 4095.0 * 3.0 / 14.4 for k in range(count)]
        if volts:
            high, low = max(volts), min(volts)
            self._qualify(now_us, OVF, high > self._code(0x00), high < self._code(0x02), 0x10)
            self._qualify(now_us, OVLOF, high > self._code(0x08), high < self._code(0x02), None)
            self._qualify(now_us, UVF, low < self._code(0x04), low > self._code(0x06), 0x12)
            self._qualify(now_us, UVLOF, low < self._code(0x0A), low > self._code(0x06), None)
        broken = True in getattr(plant, "wire_open", ())[: count + 1]
        self._qualify(now_us, OPENF, broken, not broken, None, _OPEN_US)
        self._currents(now_us)
        self._temperatures(now_us)

    def _currents(self, now_us: int) -> None:
        chip = self.chip
        plant = chip.plant
        mv = plant.current_a * chip.shunt_uohm / 1000.0
        no_load = plant.ld_v >= 0.5 * plant.stack_v
        no_charger = plant.pack_v <= plant.stack_v + 0.3
        for bit, at, steps, over, ended in (
            (COCF, 0x18, _OCC_MV, mv, no_charger),
            (DOCF, 0x16, _OCD_MV, -mv, no_load),
            (DSCF, 0x1A, _SCD_MV, -mv, no_load),
        ):
            word = self._word(at)
            beyond = over > steps[word >> 12 & 7]
            self._qualify(now_us, bit, beyond, ended and not beyond, at)

    def _temperatures(self, now_us: int) -> None:
        chip = self.chip
        ram = chip.ram
        cells = [ram[0x22] | ram[0x23] << 8]
        if not chip.xt2_fet:
            cells.append(ram[0x24] | ram[0x25] << 8)
        hot, cold = min(cells), max(cells)  # colder is more
        for bit, at, is_hot in (
            (COTF, 0x30, True),
            (CUTF, 0x34, False),
            (DOTF, 0x38, True),
            (DUTF, 0x3C, False),
        ):
            limit, back = self._code(at), self._code(at + 2)
            if is_hot:
                self._qualify(now_us, bit, hot < limit, hot > back, None)
            else:
                self._qualify(now_us, bit, cold > limit, cold < back, None)
        inside = ram[0x20] | ram[0x21] << 8
        self._qualify(now_us, IOTF, inside > self._code(0x40), inside < self._code(0x42), None)

    def _qualify(
        self, now_us: int, bit: int, beyond: bool, ended: bool, delay_at, wait_us: int = 0
    ) -> None:
        if self.stat & bit:
            if ended:
                self.stat &= ~bit
        elif not beyond:
            self._due.pop(bit, None)
        else:
            due_us = self._due.get(bit)
            if due_us is None:
                wait_us = wait_us if delay_at is None else self._delay_us(delay_at)
                due_us = self._due[bit] = now_us + wait_us
            if now_us >= due_us:
                del self._due[bit]
                self.stat |= bit

    def _word(self, at: int) -> int:
        config = self.chip.config
        return config[at] | config[at + 1] << 8

    def _code(self, at: int) -> int:
        return self._word(at) & 0x0FFF

    def _delay_us(self, at: int) -> int:
        word = self._word(at)
        return (word & 0x3FF) * _UNIT_US[word >> 10 & 3]
