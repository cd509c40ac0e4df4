"""The I2C side of the BQ769x0 model: what its registers refuse, and which bytes belong together.

CRC coverage (SLUSBK2I section 8.3.1.4): the first data byte of a write covers address, register and data; of
a read the second address byte and data only.
"""

from sim.chips.crc_port import CrcPort

_CODES = (0x0C, 0x34)  # 16-bit results, high byte at the even address
_TRIM = (0x50, 0x51, 0x59)


class Port(CrcPort):
    """Byte protocol of `FakeI2C`: `start`, `write`, `read`, `stop`."""

    def reset(self) -> None:
        super().reset()
        self._first = True
        self._half = False  # the last byte read was the high one of a result

    def start(self, read: bool) -> bool:
        """Start or repeated start with the address byte."""
        if not self.chip.answers():
            return False
        self._check_half()
        self._first = True
        self._begin(read, 0)
        return True

    def _commit(self, reg: int, byte: int) -> None:
        self.chip.store(reg, byte)

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
