"""The I2C side of the BQ769x0 model: address, register pointer, CRC of every byte.

CRC coverage (SLUSBK2I section 8.3.1.4): the first data byte of a write covers address, register and data; of
a read the second address byte and data only; every later byte covers itself alone. A bad CRC on a write
is not acknowledged, and the chip ignores the rest of the transaction.
"""

from sim.crc8 import TABLE

_CODES = (0x0C, 0x34)  # 16-bit results, high byte at the even address
_TRIM = (0x50, 0x51, 0x59)


class Port:
    """Byte protocol of `FakeI2C`: `start`, `write`, `read`, `stop`."""

    def __init__(self, chip, crc: bool):
        self.chip = chip
        self.crc = crc
        self.crc_errors = 0
        self.reset()

    def reset(self) -> None:
        self._reg = self._sum = self._data = 0
        self._wants_reg = self._phase = self._ignoring = False
        self._first = True
        self._half = False  # the last byte read was the high one of a result

    def start(self, read: bool) -> bool:
        """Start or repeated start with the address byte."""
        if not self.chip.answers():
            return False
        self._check_half()
        self._wants_reg = not read
        self._phase = self._ignoring = False
        self._first = True
        self._sum = TABLE[self.chip.addr << 1 | read]
        return True

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
            self._commit(byte)
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
            self._commit(self._data)
        else:
            self.crc_errors += 1
            self._ignoring = True
        return good

    def _commit(self, byte: int) -> None:
        reg = self._reg
        self._reg = (reg + 1) & 0xFF
        self.chip.store(reg, byte)

    def read(self) -> int:
        """One byte to the host."""
        if self._phase:
            self._phase = False
            value = self._sum
            self._sum = 0
            return value
        value = self._fetch(self._reg)
        self._reg = (self._reg + 1) & 0xFF
        if self.crc:
            self._phase = True
            self._sum = TABLE[self._sum ^ value]
        return value

    def _fetch(self, reg: int) -> int:
        chip = self.chip
        if reg >= _CODES[1] and reg not in _TRIM:
            chip.refuse(f"read of register 0x{reg:02X}")
            return 0
        result = _CODES[0] <= reg < _CODES[1]
        if result and reg & 1 and self._first:
            chip.refuse(f"low byte 0x{reg:02X} without its high byte")
        self._first = False
        self._half = result and not reg & 1
        if reg == 0:
            chip.told |= chip.regs[0]
        if reg == 4:
            return chip.regs[4] | chip.measure.load_present()
        return chip.regs[reg]

    def _check_half(self) -> None:
        if self._half:
            self._half = False
            self.chip.refuse(f"high byte 0x{self._reg - 1:02X} without its low byte")

    def stop(self) -> None:
        """End of the transaction."""
        self._check_half()
