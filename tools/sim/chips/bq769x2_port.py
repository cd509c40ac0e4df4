"""The I2C side of the BQ769x2 model: who listens, what may be touched, and how CRC is switched.

CRC coverage (reference 1.1): the first data byte of a write covers address, register and data; of a read
after a repeated start both addresses too.
"""

from sim.chips.bq769x2_bits import BOOT, OFF
from sim.chips.crc_port import CrcPort

_READABLE = ((0x00, 0x07), (0x0A, 0x3B), (0x3E, 0x6F), (0x70, 0x7B), (0x7F, 0x7F))
_CRC_TYPES = (0x11, 0x12)
_PLAIN_TYPES = (0x07, 0x08, 0x09, 0x1E)


def _flags(ranges) -> bytes:
    flags = bytearray(256)
    for first, last in ranges:
        for reg in range(first, last + 1):
            flags[reg] = 1
    return bytes(flags)


_CAN_READ = _flags(_READABLE)


class Port(CrcPort):
    """Byte protocol of `FakeI2C`: `start`, `write`, `read`, `stop`."""

    def __init__(self, chip, crc: bool):
        self.part_crc = crc
        super().__init__(chip, crc)

    def reset(self) -> None:
        """Power-up: idle, with the communication mode of the part number."""
        super().reset()
        self.crc = self._next_crc = self.part_crc
        self._open = self._valid = self._legacy = False

    def swap(self) -> None:
        """SWAP_COMM_MODE: from the next transaction on."""
        kind = self.chip.memory.u1(0x9239)
        if kind in _CRC_TYPES:
            self._next_crc = True
        elif kind in _PLAIN_TYPES:
            self._next_crc = False
        elif kind in (0x00, 0xFF):
            self._next_crc = self.part_crc
        else:
            self.chip.refuse(f"not modelled: Comm Type 0x{kind:02X}")

    def _awake(self, now_us: int) -> bool:
        chip = self.chip
        if chip.state == OFF or chip.state == BOOT:
            return False
        if now_us != chip.ran_us:
            chip.run(now_us)
        return chip.state != OFF and chip.state != BOOT

    def start(self, read: bool) -> bool:
        """Start or repeated start with the address byte."""
        chip = self.chip
        now_us = chip.world.now_us
        if not self._awake(now_us):
            return False
        if chip.changed:
            chip.settle()
        chip.mailbox.transaction_begins(now_us)
        seed = self._sum if self._open and read else 0
        if not self._open:
            self.crc = self._next_crc
        self._open = True
        self._begin(read, seed)
        if read and self._legacy and self._reg == 0:
            self._answer_legacy()
        return True

    def _answer_legacy(self) -> None:
        """After a write to 0x00/0x01 the word there reads 0xFFA5 once (SLUUCW9)."""
        self._legacy = False
        self.chip.regs[0] = 0xA5
        self.chip.regs[1] = 0xFF
        self.chip.changed = True

    def _commit(self, reg: int, byte: int) -> None:
        self._valid = True
        chip = self.chip
        if 0x3E <= reg <= 0x61:
            chip.mailbox.write(reg, byte)
        elif reg == 0x62 or reg == 0x63:
            chip.alarm.clear(byte if reg == 0x62 else byte << 8)
        elif reg == 0x66:
            chip.alarm.set_enable(chip.alarm.enable & 0xFF00 | byte)
        elif reg == 0x67:
            chip.alarm.set_enable(chip.alarm.enable & 0x00FF | byte << 8)
        elif reg < 2:
            self._legacy = True
            chip.mailbox.write(0x3E + reg, byte)
        else:
            chip.refuse(f"write of 0x{byte:02X} to register 0x{reg:02X}")

    def _fetch(self, reg: int) -> int:
        if not _CAN_READ[reg]:
            self.chip.refuse(f"read of register 0x{reg:02X}")
        self._valid = True
        return self.chip.regs[reg & 0x7F]

    # one register at a time, for the SPI side

    def awake(self) -> bool:
        """Does the chip listen at all?"""
        return self._awake(self.chip.world.now_us)

    def put(self, reg: int, value: int) -> None:
        """A frame that writes."""
        if reg != 0x61:  # checksum and length are one transfer in two frames
            self._frame()
        self._commit(reg, value)
        self.stop()

    def get(self, reg: int) -> int:
        """A frame that reads; between checksum and length it may come."""
        mailbox = self.chip.mailbox
        summed = mailbox.summed
        self._frame()
        mailbox.summed = summed
        value = self._fetch(reg)
        self.stop()
        return value

    def _frame(self) -> None:
        if self.chip.changed:
            self.chip.settle()
        self.chip.mailbox.transaction_begins(self.chip.world.now_us)

    def stop(self) -> None:
        """End of the transaction. Any valid byte feeds the host watchdog."""
        chip = self.chip
        self._open = False
        if self._valid:
            self._valid = False
            chip.comm_us = chip.world.now_us
            chip.protect.heard()
        if chip.changed:
            chip.settle()
