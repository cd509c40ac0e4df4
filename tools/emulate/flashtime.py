"""The emulated flash chip takes its time: while it erases or programs, it says so, and nobody reads it.

The processor waits for it with its interrupts masked, as on a board: the emulator alone does both in no time.
"""

_READ_STATUS, _PROGRAM, _SECTOR_ERASE, _BLOCK_ERASE = 0x05, 0x02, 0x20, 0xD8
_BUSY = 1
ERASE_MS = 45  # typical of a 4 KiB sector, W25Q16JV data sheet; 400 at worst


class FlashTime:
    """From now on. `erases`: how many there were."""

    def __init__(self, pico, erase_ms: float = ERASE_MS, program_ms: float = 0.4):
        self.erases = 0
        self._clock = pico.clock
        self._chip = pico.mcu.ssi
        self._ms = {_SECTOR_ERASE: erase_ms, _BLOCK_ERASE: 3 * erase_ms, _PROGRAM: program_ms}
        self._until_ns = self._erased_ns = 0.0
        self._apply, self._chip._apply_command = self._chip._apply_command, self._applied
        self._shift, self._chip._shift_byte = self._chip._shift_byte, self._shifted

    def erasing(self) -> bool:
        """It is at it now."""
        return self._clock.nanos < self._erased_ns

    def _applied(self) -> None:
        sent = self._chip._tx_buffer
        code = sent[0] if sent and self._chip._write_enabled else None
        self._apply()
        if code in self._ms:
            self._until_ns = self._clock.nanos + self._ms[code] * 1e6
            if code != _PROGRAM:
                self.erases += 1
                self._erased_ns = self._until_ns

    def _shifted(self, byte: int) -> int:
        back = self._shift(byte)
        sent = self._chip._tx_buffer
        if sent[0] == _READ_STATUS and len(sent) > 1 and self._clock.nanos < self._until_ns:
            back |= _BUSY
        return back
