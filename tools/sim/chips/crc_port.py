"""The I2C side that TI's monitors share: register pointer, CRC of every data byte.

The first data byte of a transaction is covered together with what `begin` seeds, and on a write with the
register; every later byte covers itself alone. A bad CRC on a write is not acknowledged, and the chip
ignores the rest of the transaction.
"""

from sim.crc8 import TABLE


class CrcPort:
    """`write` and `read` of the byte protocol of `FakeI2C`.

    A chip adds `start` and `stop`, and what a byte does: `_commit(reg, byte)` and `_fetch(reg) -> byte`.
    """

    def __init__(self, chip, crc: bool):
        self.chip = chip
        self.crc = crc
        self.crc_errors = 0
        self.reset()

    def reset(self) -> None:
        """Power-up: idle."""
        self._reg = self._sum = self._data = 0
        self._wants_reg = self._phase = self._ignoring = False

    def _begin(self, read: bool, seed: int) -> None:
        """The address byte has come; `seed`: CRC of what was sent before it and counts."""
        self._wants_reg = not read
        self._phase = self._ignoring = False
        self._sum = TABLE[seed ^ (self.chip.addr << 1 | read)]

    def write(self, byte: int) -> bool:
        """One byte from the host; False = not acknowledged."""
        if self._ignoring:
            return False
        if self._wants_reg:
            self._wants_reg = False
            self._reg = byte
            self._sum = TABLE[self._sum ^ byte]
            return True
        if not self.crc:
            self._take(byte)
            return True
        if not self._phase:
            self._phase = True
            self._data = byte
            self._sum = TABLE[self._sum ^ byte]
            return True
        self._phase = False
        good = byte == self._sum
        self._sum = 0
        if good:
            self._take(self._data)
        else:
            self.crc_errors += 1
            self._ignoring = True
        return good

    def _take(self, byte: int) -> None:
        reg = self._reg
        self._reg = (reg + 1) & 0xFF
        self._commit(reg, byte)

    def read(self) -> int:
        """One byte to the host."""
        if self._phase:
            self._phase = False
            value = self._sum
            self._sum = 0
            return value
        reg = self._reg
        self._reg = (reg + 1) & 0xFF
        value = self._fetch(reg)
        if self.crc:
            self._phase = True
            self._sum = TABLE[self._sum ^ value]
        return value
