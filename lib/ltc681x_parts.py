"""What differs between LTC6811-1, LTC6813-1 and ADBMS1818, and where a chain's cells and thermistors are.

A part: name, cell inputs, GPIOs, volts of the stack a step of SC is worth in 0.1 mV, steps a kelvin of
ITMP and its zero in 0.1 degC, configuration register group B and MUTE there, times of conversion in us
at 7 kHz. Sources: data sheets; times of SC are estimated, the driver asks for the end anyway.
"""

from micropython import const

LTC6811 = ("LTC6811", 12, 5, 20, 75, 2730, False, 2335, 2335)
LTC6813 = ("LTC6813", 18, 9, 30, 76, 2760, True, 2343, 3862)
ADBMS1818 = ("ADBMS1818", 18, 9, 30, 76, 2760, True, 2343, 3862)  # command set of the LTC6813

NAME = const(0)
INPUT_N = const(1)
GPIO_N = const(2)
SUM_STEP = const(3)
DIE_STEPS = const(4)
DIE_ZERO = const(5)
HAS_B = const(6)
CELL_US = const(7)
AUX_US = const(8)

CELLS_A_GROUP = const(3)
RDCV = (0x004, 0x006, 0x008, 0x00A, 0x009, 0x00B)  # cells 1-3, 4-6 ... 16-18
RDAUX = (0x00C, 0x00E, 0x00D, 0x00F)  # GPIO1-3; 4, 5, VREF2; 6-8; 9
_AUX_AT = (None, (0, 0), (0, 2), (0, 4), (1, 0), (1, 2), (2, 0), (2, 2), (2, 4), (3, 0))
VREF2_GROUP = const(1)
VREF2_AT = const(4)
_GROUP_N = const(6)


class Layout:
    """Places in the groups that a chain sends. `cells`: how many each device carries, nearest first.

    `ntc`: (device, GPIO) of each thermistor, device 0 the nearest, GPIO from 1; `fet_ntc` likewise.
    """

    def __init__(self, part, cells, ntc, fet_ntc):
        self.device_n = len(cells)
        self.cell_n = sum(cells)
        self.cells = bytearray(cells)
        for n in cells:
            if not 3 <= n <= part[INPUT_N]:
                raise ValueError(
                    f"{part[NAME]}: {n} cells on a device, allowed 3..{part[INPUT_N]}"
                )
        self.group_n = (max(cells) + CELLS_A_GROUP - 1) // CELLS_A_GROUP
        self.first = bytearray(self.device_n)  # number of the first cell of each device
        for device in range(1, self.device_n):
            self.first[device] = self.first[device - 1] + cells[device - 1]
        places = list(ntc) if fet_ntc is None else list(ntc) + [fet_ntc]
        self.ntc_n = len(ntc)
        self.place_n = len(places)
        self.aux_group = bytearray(self.place_n)
        self.aux_at = bytearray(self.place_n)
        self.aux_device = bytearray(self.place_n)
        for i in range(self.place_n):
            device, gpio = places[i]
            if not 0 <= device < self.device_n or not 1 <= gpio <= part[GPIO_N]:
                raise ValueError(f"{part[NAME]}: no GPIO{gpio} on device {device + 1}")
            self.aux_group[i], at = _AUX_AT[gpio]
            self.aux_at[i] = device * _GROUP_N + at
            self.aux_device[i] = device
        used = {VREF2_GROUP} | set(self.aux_group) if places else set()
        self.aux_groups = bytes(sorted(used, key=_vref_first))


def _vref_first(group: int) -> int:
    """VREF2 comes first: the others are measured against it."""
    return -1 if group == VREF2_GROUP else group
