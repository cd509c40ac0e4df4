"""Frames of the native service: C3, type, n, n bytes, CRC-8 of all before it. Numbers little endian.

They do not depend on how the link cuts them, so they pass a serial line as well. docs/ble.md has the list.
"""

from micropython import const

from crc8 import crc8

START = const(0xC3)
_HEAD_N = const(3)
_DATA_MAX = const(250)
_REQUEST_MAX = const(64)


class Frame:
    """Builds one frame at a time; calls chain. `view[:end()]` is what goes out."""

    def __init__(self):
        self._bytes = bytearray(_HEAD_N + _DATA_MAX + 1)
        self.view = memoryview(self._bytes)
        self._n = 0

    def begin(self, kind: int):
        """Start over."""
        self._bytes[0] = START
        self._bytes[1] = kind
        self._n = _HEAD_N
        return self

    def room(self) -> int:
        """Data bytes that still fit."""
        return _HEAD_N + _DATA_MAX - self._n

    def number(self, value: int, n: int):
        """`n` bytes of a number, negative ones as two's complement."""
        for _ in range(n):
            self._bytes[self._n] = value & 0xFF
            self._n += 1
            value >>= 8
        return self

    def raw(self, data):
        """Bytes as they are, cut to what fits."""
        for i in range(min(len(data), self.room())):
            self._bytes[self._n] = data[i]
            self._n += 1
        return self

    def end(self) -> int:
        """Close the frame: its length."""
        n = self._n
        self._bytes[2] = n - _HEAD_N
        self._bytes[n] = crc8(self._bytes, n)
        return n + 1


class Requests:
    """Finds a request in what a central writes; afterwards it is in the attributes."""

    def __init__(self):
        self.kind = 0
        self.data = b""
        self._bytes = bytearray(_HEAD_N + _REQUEST_MAX + 1)
        self._n = 0

    def forget(self) -> None:
        """What has begun does not go on."""
        self._n = 0

    def begun(self) -> bool:
        """Part of a request has come."""
        return self._n > 0

    def put(self, byte: int) -> bool:
        """One byte; was it the last of a request?"""
        frame = self._bytes
        frame[self._n] = byte
        self._n += 1
        n = self._n
        if frame[0] != START or (n >= _HEAD_N and frame[2] > _REQUEST_MAX):
            self._n = 0
            return False
        if n < _HEAD_N or n < _HEAD_N + frame[2] + 1:
            return False
        self._n = 0
        if crc8(frame, n - 1) != frame[n - 1]:
            return False
        self.kind = frame[1]
        self.data = bytes(frame[_HEAD_N : n - 1])
        return True
