"""One small record kept twice, so that neither a power cut nor one damaged copy loses it.

    from abstore import ABStore, FileSlot
    store = ABStore((FileSlot("settings.a"), FileSlot("settings.b")), layout=1)
    data = store.load()  # None: nothing there, or nothing that can be trusted; `store.state` says which
    store.save(b"...")

`save` writes one copy, reads it back, and only then writes the other. So after a `save` that returned,
both hold the same; damage to either changes nothing. A cut inside a `save` leaves the old record or
the new one, never a mixture: `load` takes the newer good copy and mends the other.

Copy: `CWAB`, layout (1), 0, length (2), generation (4), the bytes, CRC-32 of all before; little endian.
An older layout is brought up to date by `migrations`, in memory; it is stored only by the next `save`,
so that an older program can still be gone back to. A slot has `read()` -> bytes, b"" when it is blank,
and `write(data)`. `both=False`: each `save` writes the older copy only, for what is saved often and may be
a save old: half the wear, and a cut still leaves the record before.
"""

import binascii
import struct

from micropython import const

_HEAD = "<4sBBHI"
_HEAD_N = const(12)
_MAGIC = b"CWAB"
_CRC_N = const(4)
_NUMBER_MAX = const(0x3FFFFFFF)

# what `load` found
EMPTY = const(0)  # both blank: never saved
GOOD = const(1)
MENDED = const(2)  # one copy was damaged or a save had been cut; nothing that was saved is lost
DAMAGED = const(3)  # no copy can be trusted
NEWER = const(4)  # written by a program that knows more: left as it is
STATES = ("empty", "good", "mended", "damaged", "newer")


class FileSlot:
    """A copy in a file of its own."""

    def __init__(self, path: str):
        self._path = path

    def read(self) -> bytes:
        try:
            with open(self._path, "rb") as file:
                return file.read()
        except OSError:
            return b""

    def write(self, data) -> None:
        with open(self._path, "wb") as file:
            file.write(data)


class BlockSlot:
    """A copy in one erase block of a device with MicroPython's extended block interface."""

    def __init__(self, device, block: int, size: int):
        self._device = device
        self._block = block
        self._size = size

    def read(self) -> bytes:
        data = bytearray(self._size)
        self._device.readblocks(self._block, data, 0)
        if data == b"\xff" * self._size:
            return b""
        return bytes(data)

    def write(self, data) -> None:
        if len(data) > self._size:
            raise ValueError(len(data))
        self._device.ioctl(6, self._block)
        self._device.writeblocks(self._block, data, 0)


class _Copy:
    """What one slot holds."""

    def __init__(self, slot):
        data = slot.read()
        self.blank = not data
        self.good = False
        self.data = b""
        self.layout = 0
        self.number = 0
        if len(data) < _HEAD_N + _CRC_N:
            return
        magic, self.layout, _, length, self.number = struct.unpack_from(_HEAD, data)
        end = _HEAD_N + length
        if magic != _MAGIC or len(data) < end + _CRC_N:
            return
        self.good = binascii.crc32(data[:end]) == struct.unpack_from("<I", data, end)[0]
        self.data = data[_HEAD_N:end]


class ABStore:
    """Two slots and what is in them. `migrations[n]`: bytes of layout n -> bytes of layout n + 1."""

    def __init__(self, slots, layout: int, migrations=None, both: bool = True):
        self._slots = slots
        self._both = both
        self._layout = layout
        self._migrations = {} if migrations is None else migrations
        self._last = 1  # slot that is written second by the next save: the one that is good
        self.state = EMPTY
        self.number = 0  # generation of what is stored
        self.layout = layout  # of what was loaded

    def load(self):
        """The stored bytes in today's layout, or None; `state` says what was found."""
        copies = [_Copy(slot) for slot in self._slots]
        good = [copy for copy in copies if copy.good]
        self.number = max([copy.number for copy in good], default=0)
        if not good:
            blank = copies[0].blank and copies[1].blank
            self.state = EMPTY if blank else DAMAGED
            return None
        best = good[-1] if good[-1].number == self.number else good[0]
        twin = len(good) == 2 and good[0].number == good[1].number
        if twin and (good[0].data != good[1].data or good[0].layout != good[1].layout):
            self.state = DAMAGED  # no save of ours leaves this
            return None
        self._last = 0 if best is copies[0] else 1
        self.layout = best.layout
        self.state = GOOD if twin else MENDED
        data = self._migrated(best)
        if data is not None and not twin and self._both:
            self._mend(best)
        return data

    def save(self, data) -> None:
        """Store these bytes. `OSError`: nothing has changed, or it can be read back."""
        number = (self.number + 1) & _NUMBER_MAX
        frame = _frame(self._layout, number, data)
        self._write(1 - self._last, frame)
        self.number = number
        self.layout = self._layout
        self._last = 1 - self._last
        self.state = MENDED
        if self._both:
            self._write(1 - self._last, frame)
            self.state = GOOD

    def _migrated(self, copy):
        """The bytes in today's layout, None when nobody knows how."""
        if copy.layout > self._layout:
            self.state = NEWER
            return None
        data = copy.data
        for layout in range(copy.layout, self._layout):
            if layout not in self._migrations:
                self.state = DAMAGED
                return None
            data = self._migrations[layout](data)
        return data

    def _mend(self, best) -> None:
        """Make the other copy equal again. Should that fail, there is still this one."""
        try:
            self._write(1 - self._last, _frame(best.layout, best.number, best.data))
        except OSError:
            pass

    def _write(self, which: int, frame) -> None:
        slot = self._slots[which]
        slot.write(frame)
        if slot.read()[: len(frame)] != frame:
            raise OSError("abstore: slot " + "ab"[which] + " does not keep what is written")


def _frame(layout: int, number: int, data) -> bytes:
    frame = struct.pack(_HEAD, _MAGIC, layout, 0, len(data), number) + data
    return frame + struct.pack("<I", binascii.crc32(frame))
