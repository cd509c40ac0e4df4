"""Every erase and every program of the emulated flash chip, and what it held at any moment in between."""

from emulate.pico import FS_AT, FS_N

_PROGRAM, _SECTOR_ERASE, _BLOCK_ERASE = 0x02, 0x20, 0xD8
_ERASES = {_SECTOR_ERASE: 4096, _BLOCK_ERASE: 65536}


class FlashLog:
    """Listens from now on. `steps`: (address in the file system, bytes programmed or None, length)."""

    def __init__(self, pico):
        self.start = pico.flash()
        self.steps = []
        self._chip = pico.mcu.ssi
        self._apply = self._chip._apply_command
        self._chip._apply_command = self._applied

    def _applied(self) -> None:
        sent = bytes(self._chip._tx_buffer)
        if self._chip._write_enabled and len(sent) >= 4:
            at = int.from_bytes(sent[1:4], "big")
            if sent[0] in _ERASES:
                size = _ERASES[sent[0]]
                self.steps.append((at // size * size - FS_AT, None, size))
            elif sent[0] == _PROGRAM:
                self.steps.append((at - FS_AT, sent[4:260], len(sent[4:260])))
        self._apply()

    def cuts(self, torn: bool = False):
        """(steps done, content) after each step; `torn`: the one after it is half done as well."""
        content = bytearray(self.start)
        yield 0, bytes(content)
        for number, (at, data, size) in enumerate(self.steps, 1):
            if torn:
                half = bytearray(content)
                _do(half, at, data, size // 2)
                yield number, bytes(half)
            else:
                _do(content, at, data, size)
                yield number, bytes(content)
            if torn:
                _do(content, at, data, size)


def _do(content: bytearray, at: int, data, size: int) -> None:
    """The first `size` bytes of a step; programming only clears bits."""
    if not 0 <= at <= FS_N - size:
        raise ValueError(f"a write outside the file system: {at + FS_AT:#x}")
    if data is None:
        content[at : at + size] = b"\xff" * size
        return
    for i in range(size):
        content[at + i] &= data[i]
