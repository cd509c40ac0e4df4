"""What can be read over a cable, as numbered objects with a length: settings, logs, who the board is.

Nothing is held open and nothing kept in memory: each read opens its file, takes a few bytes, closes it.
"""

import binascii
import json
import os

from micropython import const

from bms.version import VERSION

WHO = const(0)
CONFIG = const(1)
REFUSAL = const(6)
LOGS = const(0x11)  # and the three that follow

PROTOCOL = const(1)
_FILES = (
    (2, "settings.a"),
    (3, "settings.b"),
    (4, "config.json"),
    (5, "commissioning.json"),
    (7, "installed.txt"),
    (8, "wanted.json"),
    (9, "calibration.a"),
    (10, "calibration.b"),
    (0x18, "log/count.a"),
    (0x19, "log/count.b"),
)
_PART_N = const(1024)  # of a sum; each part opens its file
_ROLLED = "previous/rolled"  # of boot.py: an update was taken back


class Store:
    """`name`: of the board; `places()`: the black box's segment stores; `root`: before every path."""

    def __init__(self, pack, name: str, places, root: str = ""):
        self._pack = pack
        self._name = name
        self._places = places
        self._root = root
        self.refusal = ""  # why the last command was refused

    def all(self):
        """(object, length) of everything there is."""
        found = [(WHO, len(self._who())), (CONFIG, len(self._pack.config.packed))]
        for number, _ in _FILES:
            found.append((number, self.size(number)))
        found.append((REFUSAL, len(self.refusal.encode())))
        for i, place in enumerate(self._places()):
            found.append((LOGS + i, place.n * place.size))
        return found

    def size(self, number: int) -> int:
        """Bytes of a file, 0 when there is none."""
        return max(0, _size(self._path(number)))

    def read(self, number: int, offset: int, n: int):
        """Up to `n` bytes from `offset` on; None: there is no such object. `OSError`: not readable."""
        if number == WHO:
            return self._who()[offset : offset + n]
        if number == CONFIG:
            return self._pack.config.packed[offset : offset + n]
        if number == REFUSAL:
            return self.refusal.encode()[offset : offset + n]
        places = self._places()
        if LOGS <= number < LOGS + len(places):
            return _of_log(places[number - LOGS], offset, n)
        if not self._path(number):
            return None
        if offset >= self.size(number):
            return b""
        with open(self._path(number), "rb") as file:
            file.seek(offset)
            return file.read(n)

    def sum(self, number: int, offset: int, n: int):
        """CRC-32 of `n` bytes, or of fewer when there are no more; None: no such object."""
        total = 0
        while n > 0:
            data = self.read(number, offset, min(n, _PART_N))
            if data is None:
                return None
            if not data:
                break
            total = binascii.crc32(data, total)
            offset += len(data)
            n -= len(data)
        return total

    def _path(self, number: int) -> str:
        for known, name in _FILES:
            if known == number:
                return self._root + name
        return ""

    def _who(self) -> bytes:
        about = {
            "version": VERSION,
            "board": self._name,
            "link": PROTOCOL,
            "held": self._pack.held,
            "settings": self._pack.journal.settings,
            "wall_s": self._pack.journal.wall_s(),
            "chemistry": self._pack.config.chemistry,
            "rolled": 1 if _size(self._root + _ROLLED) >= 0 else 0,
        }
        why = getattr(self._pack.config, "why", "")
        if why:
            about["why"] = why
        trouble = self._pack.trouble() if self._pack.trouble else ""
        if trouble:
            about["bus"] = trouble
        return json.dumps(about).encode()


def _size(path: str) -> int:
    """Bytes of a file; -1: there is none."""
    try:
        return os.stat(path)[6]
    except OSError:
        return -1


def _of_log(place, offset: int, n: int) -> bytes:
    """A piece of one segment: never over its end."""
    segment = offset // place.size
    if segment >= place.n:
        return b""
    at = offset - segment * place.size
    data = bytearray(min(n, place.size - at))
    place.read(segment, at, data)
    return bytes(data)
