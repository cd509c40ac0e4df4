"""One burst over the RAM of an ISL94202: status, controls and every reading, each part taken once.

All readings of a burst belong together. Who asks for a part that has been taken gets a new burst.
"""

from micropython import const

from roles import (
    CHG,
    DSG,
    TRIP_COV,
    TRIP_CUV,
    TRIP_OCC,
    TRIP_OCD2,
    TRIP_OTC,
    TRIP_OTD,
    TRIP_OTINT,
    TRIP_PF,
    TRIP_SCD,
    TRIP_UTC,
    TRIP_UTD,
)

_STAT0 = const(0x80)
_BURST_N = const(44)  # 0x80 .. 0xAB

# offsets
STAT2 = const(2)
STAT3 = const(3)
CTRL0 = const(5)
CTRL1 = const(6)
CTRL2 = const(7)
ISNS = const(14)
CELL1 = const(16)
TINT = const(32)
XT1 = const(34)
XT2 = const(36)
VBATT = const(38)

_ECCFAIL = const(0x20)  # STAT2
_DFET = const(0x01)  # CTRL1
_CFET = const(0x02)

# bit of STAT0 | STAT1 << 8 -> trip
_TRIPS = (
    (0x0003, TRIP_COV),  # OVF, OVLOF
    (0x000C, TRIP_CUV),
    (0x0010, TRIP_OTD),
    (0x0020, TRIP_UTD),
    (0x0040, TRIP_OTC),
    (0x0080, TRIP_UTC),
    (0x0100, TRIP_OTINT),
    (0x0200, TRIP_OCC),
    (0x0400, TRIP_OCD2),
    (0x0800, TRIP_SCD),
    (0x2000, TRIP_PF),  # OPENF
)
_FAULTS = const(0x2FFF)
# what opens the charge or the discharge FET while the chip drives them
CHARGE_FAULTS = const(0x02C3)  # COCF CUTF COTF OVLOF OVF
DISCHARGE_FAULTS = const(0x0C3C)  # DSCF DOCF DUTF DOTF UVLOF UVF

# parts
ALARM = const(1)
STATUS = const(2)
CELLS = const(4)
CURRENT = const(8)
TEMPS = const(16)
FETS = const(32)
_ALL = const(63)


class Burst:
    """`data` of the bus holds the burst until somebody else uses the bus: then `forget`."""

    def __init__(self, bus):
        self._bus = bus
        self._left = 0  # parts that nobody has taken

    def forget(self) -> None:
        """The bus brings something else now."""
        self._left = 0

    def take(self, part: int) -> None:
        """This part of a burst, of a new one if it was taken before."""
        if not self._left & part:
            self._left = 0
            self._bus.read(_STAT0, _BURST_N)
            self._left = _ALL
        self._left &= ~part

    def code(self, at: int) -> int:
        """Twelve bits."""
        data = self._bus.data
        return (data[at] | data[at + 1] << 8) & 0x0FFF

    def faults(self) -> int:
        """STAT0 and STAT1, without what is no fault."""
        return (self._bus.data[0] | self._bus.data[1] << 8) & _FAULTS

    def trips(self) -> int:
        """The same as TRIP_* bits."""
        stat = self.faults()
        trips = TRIP_PF if self._bus.data[STAT2] & _ECCFAIL else 0
        for i in range(len(_TRIPS)):
            if stat & _TRIPS[i][0]:
                trips |= _TRIPS[i][1]
        return trips

    def fets(self) -> int:
        """FETs whose drivers are on."""
        ctrl = self._bus.data[CTRL1]
        return (CHG if ctrl & _CFET else 0) | (DSG if ctrl & _DFET else 0)
