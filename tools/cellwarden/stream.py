"""Frames in what a line brings: as they are or as lines of text, with JBD's and noise in between."""

from btlink.native import crc8
from linkframe import Lines

_START = 0xC3
_MOST = 4096
_SILENCE_N = 4  # looks of 50 ms without a byte: what has begun will not be finished


class Stream:
    """`feed(data)` -> [(type, data)] of the frames that these bytes complete."""

    def __init__(self):
        self._rest = b""
        self._lines = Lines()
        self._silent_n = 0

    def forget(self) -> None:
        self._rest = b""
        self._lines.forget()

    def feed(self, data: bytes) -> list:
        self._silent_n = 0 if data else self._silent_n + 1
        if self._silent_n == _SILENCE_N:
            self.forget()
        found = []
        for byte in data:
            if self._lines.put(byte):
                found += _frames(self._lines.data)[0]
        more, self._rest = _frames((self._rest + data)[-_MOST:])
        return found + more


def _frames(data: bytes):
    """(frames, what may be the beginning of another)."""
    found = []
    while True:
        at = data.find(bytes([_START]))
        if at < 0:
            return found, b""
        data = data[at:]
        n = 4 + data[2] if len(data) > 2 else 4
        if len(data) < n:
            return found, data
        if crc8(data[: n - 1]) == data[n - 1]:
            found.append((data[1], data[3 : n - 1]))
            data = data[n:]
        else:
            data = data[1:]
