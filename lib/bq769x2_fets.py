"""The FETs of a BQ769x2: who may conduct is said by blocking the others.

After reset, and after we armed it, the chip holds all FETs off (FET_INIT_OFF). `Fets` hands them
to the chip's own control once, with everything blocked, and then moves the blocks.
"""

from micropython import const

from failure import WORD

MFG_STATUS = const(0x0057)
FET_EN = const(0x10)
_FET_ENABLE = const(0x0022)  # toggles
_ALL_FETS_ON = const(0x0096)
_FET_CONTROL = const(0x0097)


class Fets:
    """What the host wants of the FETs."""

    def __init__(self, bus, sub):
        self._bus = bus
        self._sub = sub
        self._out = bytearray(1)
        self.released = False  # the chip controls them: FET_EN is set

    def write(self, bits: int) -> None:
        """Permit exactly these FETs."""
        if bits and not self.released:
            self._release()
        self._block(~bits & 0x0F)

    def _release(self) -> None:
        """Let the chip control FETs, all of them blocked before and (by `write`) right after.

        ALL_FETS_ON ends FET_INIT_OFF, but clears the blocks too. They are back within a
        millisecond; the chip looks every 250 ms (SLUSE91 section 16.4), and a board's off-pins
        are still low.
        """
        self._block(0x0F)
        if not self._enabled():
            self._sub.command(_FET_ENABLE)
            if not self._enabled():
                self._bus.fail(WORD + MFG_STATUS, "FET_EN does not follow")
        self._sub.command(_ALL_FETS_ON)
        self.released = True

    def _enabled(self) -> bool:
        self._sub.read(MFG_STATUS, 2)
        return self._bus.data[2] & FET_EN != 0

    def _block(self, bits: int) -> None:
        """FET_CONTROL, the whole nibble: 1 = off, and DSG, PDSG come before CHG, PCHG.

        That is the other order than in FET Status (SLUUCW9; E2E 1453973 on the manual's error).
        """
        self._out[0] = (bits & 3) << 2 | bits >> 2
        self._sub.write(_FET_CONTROL, self._out, 0, 1)
