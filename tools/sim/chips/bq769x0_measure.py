"""What the BQ769x0 model measures: cells, sum and current every 250 ms, thermistors every two seconds.

A sample is taken in the first `run` at or after the end of its cycle, from the plant as it is then; the
current is the mean of the cycle. SLUSBK2I section 8.3.1.1.
"""

FET_NODE = -1  # a thermistor at the MOSFETs instead of a cell node
NEVER = 1 << 62

_CYCLE_US = 250000
_TEMP_N = 8  # cycles between two looks at the thermistors
_CC_UV = 8.44
_TS_UV = 382.0
_TS_OPEN = 8638  # 3.3 V
_CODE_MAX = 16383

# codes of a 103AT under 10 kohm at 3.3 V, every ten degrees from -50 degC
_NTC = (8384, 8204, 7927, 7528, 6992, 6321, 5549, 4728, 3921, 3181, 2538, 2004, 1574, 1235, 971)
_NTC_HOT = (766, 608)  # 100, 110 degC
_NTC_FIRST_C = -50.0


# inputs (1 = lowest) that are shorted first, second, ... as cells get fewer: tables 9-2 to 9-4
_SHORTED = {"BQ76920": "43", "BQ76930": "9483", "BQ76940": "E94D83"}


def inputs_for(part: str, cell_n: int) -> list:
    """Inputs (0-based) that carry a cell."""
    order = _SHORTED[part]
    room = {"BQ76920": 5, "BQ76930": 10, "BQ76940": 15}[part]
    shorted = [int(digit, 16) - 1 for digit in order[: room - cell_n]]
    return [i for i in range(room) if i not in shorted]


def clipped(value: float, low: int, high: int) -> int:
    """Rounded to the nearest code that there is."""
    return low if value <= low else high if value >= high else int(value - low + 0.5) + low


def ntc_code(celsius: float) -> int:
    """Thermistor code at a temperature: a parabola through three points of the table."""
    codes = _NTC + _NTC_HOT
    if celsius < _NTC_FIRST_C:
        return _TS_OPEN
    if celsius > 150.0:
        return 0
    x = (celsius - _NTC_FIRST_C) / 10.0
    k = min(max(int(x), 1), len(codes) - 2)
    a, b, c = codes[k - 1], codes[k], codes[k + 1]
    t = x - k
    return clipped(b + t * (c - a) / 2.0 + t * t * (a - 2.0 * b + c) / 2.0, 0, _TS_OPEN)


class Measure:
    """Inputs and their wiring, ADC and coulomb counter, registers 0x0C..0x33 and 0x50..0x59."""

    def __init__(self, chip, inputs, nodes, gain_uv: int, offset_mv: int):
        self.chip = chip
        self.inputs = inputs  # chip input (0-based) of each cell of the plant
        self.nodes = nodes
        self.gain_uv = gain_uv
        self.offset_mv = offset_mv
        self.cycle_us = _CYCLE_US
        self.bleed_drop_mv = (
            8.0  # of a bleeding cell in its short sample; half of it to each neighbour
        )
        self.codes = [0] * (5 * chip.groups)

    def reset(self) -> None:
        """After power-up nothing has been measured."""
        for i in range(len(self.codes)):
            self.codes[i] = 0
        self.next_us = NEVER
        self.uv = 0.0  # at the shunt, + = charging
        self._uvs = 0.0
        self._since_us = 0
        self._temp_n = 0
        self._offer_trim()

    def _offer_trim(self) -> None:
        code = self.gain_uv - 365
        self.chip.regs[0x50] = code >> 1 & 0x0C
        self.chip.regs[0x51] = self.offset_mv & 0xFF
        self.chip.regs[0x59] = code << 5 & 0xE0

    def start(self, now_us: int) -> None:
        """Begin; cells are valid only after a while."""
        self.next_us = now_us + self.chip.settle_us
        self._temp_n = _TEMP_N
        self.start_current()

    def start_current(self) -> None:
        """A new integration of the coulomb counter."""
        self._uvs = 0.0
        self._since_us = self.chip.world.now_us

    def delay_temps(self) -> None:
        """TEMP_SEL changed: the next look is two seconds away."""
        self._temp_n = _TEMP_N

    def load_present(self) -> int:
        """Bit 7 of SYS_CTRL1: with CHG off, something pulls the terminals together."""
        plant = self.chip.plant
        off = not self.chip.regs[5] & 1
        return 0x80 if off and plant.pack_v < plant.stack_v / 2.0 else 0

    def run(self, now_us: int, passed_us: int) -> None:
        """Integrate current; end a cycle when it is due."""
        self.uv = self.chip.plant.current_a * self.chip.shunt_uohm
        self._uvs += self.uv * passed_us
        if now_us < self.next_us:
            return
        passed = (now_us - self.next_us) // self.cycle_us + 1
        self.next_us += passed * self.cycle_us
        if self.chip.regs[4] & 0x10:
            self._cells()
            self._temp_n -= passed
            if self._temp_n <= 0:
                self._temp_n = _TEMP_N
                self._temps()
            self.chip.protect.cycle(now_us)
        if self.chip.regs[5] & 0x60:
            self._current(now_us)

    def _put(self, reg: int, value: int) -> None:
        self.chip.regs[reg] = value >> 8 & 0xFF
        self.chip.regs[reg + 1] = value & 0xFF

    def _cells(self) -> None:
        plant = self.chip.plant
        mv = [0.0] * len(self.codes)  # inputs without a cell are shorted
        n = len(self.inputs)
        for k in range(n):
            mv[self.inputs[k]] += plant.sense_v(k) * 1000.0
            if plant.bleed[k]:
                mv[self.inputs[k]] -= self.bleed_drop_mv
                if k:
                    mv[self.inputs[k - 1]] += self.bleed_drop_mv / 2.0
                if k + 1 < n:
                    mv[self.inputs[k + 1]] += self.bleed_drop_mv / 2.0
        for i in range(len(mv)):
            code = clipped((mv[i] - self.offset_mv) * 1000.0 / self.gain_uv, 0, _CODE_MAX)
            self.codes[i] = code
            self._put(0x0C + 2 * i, code)
        self._put(0x2A, sum(self.codes) // 4)

    def _temps(self) -> None:
        plant = self.chip.plant
        for i in range(len(self.nodes)):
            if self.chip.regs[4] & 0x08:
                code = self._thermistor(self.nodes[i])
            else:
                code = clipped((1.2 - (plant.die_c - 25.0) * 0.0042) * 1e6 / _TS_UV, 0, _CODE_MAX)
            self._put(0x2C + 2 * i, code)

    def _thermistor(self, node) -> int:
        plant = self.chip.plant
        if node is None or node >= len(plant.temp_c):
            return _TS_OPEN
        return ntc_code(plant.fet_c if node == FET_NODE else plant.temp_c[node])

    def _current(self, now_us: int) -> None:
        span_us = now_us - self._since_us
        mean_uv = self._uvs / span_us if span_us else self.uv
        self.start_current()
        self._put(0x32, clipped(mean_uv / _CC_UV, -32000, 32000) & 0xFFFF)
        self.chip.regs[5] &= ~0x20
        self.chip.latch(0x80)
