"""The EEPROM of the ISL94202 model: pages of four bytes that must be recalled, bytes that wear and tear.

The first access to a page recalls it; until that is through, stale bytes are read and written ones lost.
A written byte keeps the chip busy, counts in `worn`, and is torn when the supply goes meanwhile.
"""

from sim.chips.isl94202_map import SHIPPED

_BUSY_US = 30000
_RECALL_US = 250


class Store:
    """Configuration and the user's eight bytes, as they outlast power."""

    def __init__(self, world):
        self.world = world
        self.data = bytearray(0x58)
        for at, word in SHIPPED.items():
            self.data[at : at + 2] = word.to_bytes(2, "little")
        self.worn = {}  # page -> bytes written
        self.busy_us = 0
        self._burning = (0, 0xFF)  # address, what was there
        self.reset()

    def reset(self) -> None:
        """Power comes back, or goes; a byte being written is torn."""
        if self.world.now_us < self.busy_us:
            at, old = self._burning
            self.data[at] &= old
        self.busy_us = 0
        self._page = self._stale = -1  # recalled last, and before
        self._recalled_us = 0

    def read(self, at: int) -> int:
        if self._ready(at):
            return self.data[at]
        return 0xFF if self._stale < 0 else self.data[self._stale + at % 4]

    def write(self, at: int, value: int) -> None:
        ready = self._ready(at)
        self.busy_us = self.world.now_us + _BUSY_US
        self._burning = (at, self.data[at])
        if ready:
            self.worn[at & ~3] = self.worn.get(at & ~3, 0) + 1
            self.data[at] = value

    def _ready(self, at: int) -> bool:
        """Is this page recalled? If it is not, its recall begins."""
        now_us = self.world.now_us
        if at & ~3 != self._page:
            self._stale = self._page
            self._page = at & ~3
            self._recalled_us = now_us + _RECALL_US
        return now_us >= self._recalled_us
