"""The BQ769x2 parts we drive, and how a board's cells and thermistors sit on their pins."""

from micropython import const

from bq769x2_window import CELL_NTC, FET_NTC, NTC_PINS

# part: name, device number (0 = nobody published it), inputs that may carry a cell 0x7695:
# several public drivers. 0x7694: SLUAA11B section 2.1. The BQ769142 has holes: VC1..12, 14, 16.
BQ76952 = ("BQ76952", 0x7695, 0xFFFF)
BQ769142 = ("BQ769142", 0, 0xAFFF)
BQ76942 = ("BQ76942", 0x7694, 0x03FF)
UNKNOWN = ("unknown part", 0, 0)
_PARTS = (BQ76952, BQ769142, BQ76942)

_INPUT_N = const(16)
_FAMILY = const(0x7690)
_FAMILY_MASK = const(0xFFF0)


def part_of(number: int):
    """Part with this device number; `UNKNOWN` when nobody told us."""
    for part in _PARTS:
        if part[1] == number:
            return part
    return UNKNOWN


def is_part(part, number: int) -> bool:
    """Whether a device number is this part's; of one without a known number, that it may be."""
    if part[1]:
        return number == part[1]
    return number & _FAMILY_MASK == _FAMILY and not part_of(number)[2]


def inputs_of(part, cell_n: int) -> int:
    """Mask of the inputs that `cell_n` cells use unless a board says otherwise.

    As TI wires it: from the lowest input up, and the top cell on the topmost one, because the
    stack is measured there (E2E 1474660: 13 cells on a BQ76952 are 0x8FFF).
    """
    places = [i for i in range(_INPUT_N) if part[2] >> i & 1]
    mask = 1 << places[-1]
    for i in range(cell_n - 1):
        mask |= 1 << places[i]
    return mask


class Wiring:
    """Cells to inputs and back; thermistor pins to the registers 0x70 and up."""

    def __init__(self, part, cell_n: int, cell_mask, ntc, fet_ntc):
        room = _count(part[2])
        if not 1 <= cell_n <= room:
            raise ValueError(f"cell_n: {cell_n}, a {part[0]} takes 1..{room}")
        self.inputs = inputs_of(part, cell_n) if cell_mask is None else cell_mask
        if _count(self.inputs) != cell_n or self.inputs & ~part[2]:
            raise ValueError(
                f"cell_mask: 0x{self.inputs:04x}, needs {cell_n} of a {part[0]}'s 0x{part[2]:04x}"
            )
        self.input_of = bytearray([i for i in range(_INPUT_N) if self.inputs >> i & 1])
        self.kinds = {}  # pin -> CELL_NTC or FET_NTC
        for pin in ntc:
            self._place(pin, CELL_NTC)
        if fet_ntc is not None:
            self._place(fet_ntc, FET_NTC)
        places = [2 * NTC_PINS.index(pin) for pin in self.kinds]
        self.temp_at = min(places) if places else 0  # the burst that covers all pins in use
        self.temp_n = max(places) + 2 - self.temp_at if places else 0
        self.ntc_at = bytearray([2 * NTC_PINS.index(pin) - self.temp_at for pin in ntc])
        self.fet_at = -1 if fet_ntc is None else 2 * NTC_PINS.index(fet_ntc) - self.temp_at

    def _place(self, pin: str, kind: int) -> None:
        """The other pins are taken: CFETOFF and DFETOFF by the cut-off, ALERT by the alarm."""
        if pin not in NTC_PINS:
            raise ValueError(f"{pin} cannot carry a thermistor, only {' '.join(NTC_PINS)}")
        if pin in self.kinds:
            raise ValueError(f"{pin} carries two thermistors")
        self.kinds[pin] = kind

    def key(self, off_pins: bool) -> bytes:
        """Two wirings with the same key give data memory the same content."""
        found = bytearray((self.inputs & 0xFF, self.inputs >> 8, off_pins))
        for pin in NTC_PINS:
            found.append(self.kinds.get(pin, 0))
        return bytes(found)

    def to_inputs(self, cells: int) -> int:
        """Mask of cells -> mask of inputs."""
        inputs = 0
        for i in range(len(self.input_of)):
            inputs |= (cells >> i & 1) << self.input_of[i]
        return inputs

    def to_cells(self, inputs: int) -> int:
        """Mask of inputs -> mask of cells."""
        cells = 0
        for i in range(len(self.input_of)):
            cells |= (inputs >> self.input_of[i] & 1) << i
        return cells


def _count(mask: int) -> int:
    n = 0
    while mask:
        n += mask & 1
        mask >>= 1
    return n
