"""The three parts of TI's BQ769x0 family, and how a board's cells and thermistors sit on their pins.

Cells sit on groups of five inputs. With fewer cells than inputs some inputs are shorted, in the order of
SLUSBK2I tables 9-2 to 9-4: the topmost cell of a group always sits on the group's highest input.
"""

from micropython import const

# part: name, groups of five inputs, inputs in the order in which they are shorted (1 = lowest)
BQ76920 = ("BQ76920", 1, (4, 3))
BQ76930 = ("BQ76930", 2, (9, 4, 8, 3))
BQ76940 = ("BQ76940", 3, (14, 9, 4, 13, 8, 3))

_GROUP_N = const(5)
VC1 = const(0x0C)  # register of the lowest input
TS1 = const(0x2C)


def inputs_of(part, cell_n: int) -> int:
    """Mask of the inputs that carry a cell."""
    room = part[1] * _GROUP_N
    if not room - len(part[2]) <= cell_n <= room:
        raise ValueError(f"cell_n: {cell_n}, a {part[0]} takes {room - len(part[2])}..{room}")
    mask = (1 << room) - 1
    for i in range(room - cell_n):
        mask &= ~(1 << (part[2][i] - 1))
    return mask


class Wiring:
    """Cells to inputs; thermistors to registers."""

    def __init__(self, part, cell_n: int, ntc, fet_ntc):
        self.inputs = inputs_of(part, cell_n)
        room = part[1] * _GROUP_N
        self.input_of = bytearray([i for i in range(room) if self.inputs >> i & 1])
        self.cell_at = bytearray([VC1 + 2 * i for i in self.input_of])
        self._part = part
        self.group_n = part[1]
        self.ntc_at = bytearray([self._ntc(pin) for pin in ntc])
        self.fet_at = 0 if fet_ntc is None else self._ntc(fet_ntc)
        if self.fet_at in list(self.ntc_at) or len(set(ntc)) < len(ntc):
            raise ValueError("a pin carries two thermistors")

    def _ntc(self, pin: str) -> int:
        """Register of a thermistor: there is one pin a group."""
        pins = ("TS1", "TS2", "TS3")[: self._part[1]]
        if pin not in pins:
            raise ValueError(f"{pin} cannot carry a thermistor, only {' '.join(pins)}")
        return TS1 + 2 * pins.index(pin)

    def to_bits(self, cells: int, out) -> bool:
        """Cells -> CELLBAL1..3 in out[0:3]; False when two neighbours of a group would bleed.

        Neighbours are cells, whether or not a shorted input lies between them: they share a wire.
        """
        out[0] = out[1] = out[2] = 0
        last = -1
        apart = True
        for i in range(len(self.input_of)):
            if cells >> i & 1:
                group = self.input_of[i] // _GROUP_N
                out[group] |= 1 << self.input_of[i] % _GROUP_N
                if last == i - 1 >= 0 and self.input_of[last] // _GROUP_N == group:
                    apart = False
                last = i
        return apart
