"""Frames of the JBD / Xiaoxiang / Overkill Solar protocol, on the side of the BMS.

A request is DD, A5 (read) or 5A (write), register, length, data, checksum, 77. A reply is DD, register,
status, length, data, checksum, 77. The checksum is 0x10000 less the sum of the bytes from the third to
the last data byte, so a reply's register is not in it. Words are big-endian. (Communication protocol
documents V4 and V11, github.com/FurTrader/OverkillSolarBMS.)

    requests = Requests()
    reply = Reply()
    requests.put(byte)  # as it comes
    while requests.take():
        n = reply.begin(requests.register, OK).word(5130).end()
        uart.write(reply.view[:n])
"""

from micropython import const

START = const(0xDD)
END = const(0x77)
READ = const(0xA5)
WRITE = const(0x5A)

# status of a reply
OK = const(0x00)
UNKNOWN = const(0x80)  # no such register
REFUSED = const(0x81)  # not allowed now

_HEAD_N = const(4)  # bytes before the data
_TAIL_N = const(3)  # checksum and 77
_DATA_MAX = const(64)  # longer than any request that clients send
_REPLY_MAX = const(160)


def checksum(frame, first: int, last: int) -> int:
    """Of frame[first] .. frame[last - 1]."""
    total = 0
    for i in range(first, last):
        total += frame[i]
    return -total & 0xFFFF


class Requests:
    """Finds requests in a stream of bytes, whatever else is in there. `take` until it says no."""

    def __init__(self):
        self.writes = False  # the request found wants to write
        self.register = 0
        self.n = 0  # its data bytes
        self.data = bytearray(_DATA_MAX)
        self._frame = bytearray(_HEAD_N + _DATA_MAX + _TAIL_N)
        self._view = memoryview(self._frame)
        self._n = 0

    def put(self, byte: int) -> None:
        """One byte of the stream; call `take` after it."""
        if self._n == len(self._frame):
            self._drop(1)
        self._frame[self._n] = byte
        self._n += 1

    def begun(self) -> bool:
        """Part of a request has come."""
        return self._n > 0

    def forget(self) -> None:
        """The line was quiet: what has begun does not go on."""
        self._n = 0

    def take(self) -> bool:
        """Is there a whole request? It is in the attributes until the next call."""
        frame = self._frame
        while self._n:
            want_n = self._want()
            if want_n > self._n:
                return False
            if want_n and self._sound(want_n):
                self.writes = frame[1] == WRITE
                self.register = frame[2]
                self.n = frame[3]
                for i in range(self.n):
                    self.data[i] = frame[_HEAD_N + i]
                self._drop(want_n)
                return True
            self._drop(self._next_start())  # no request begins here
        return False

    def word(self, at: int = 0) -> int:
        """Two data bytes as a number."""
        return self.data[at] << 8 | self.data[at + 1]

    def _next_start(self) -> int:
        """Where after the first byte a request may begin."""
        for i in range(1, self._n):
            if self._frame[i] == START:
                return i
        return self._n

    def _want(self) -> int:
        """Bytes that the frame at the front has, or those needed to know; 0: it is none."""
        frame = self._frame
        n = self._n
        if frame[0] != START or (n > 1 and frame[1] != READ and frame[1] != WRITE):
            return 0
        if n < _HEAD_N:
            return _HEAD_N
        return 0 if frame[3] > _DATA_MAX else _HEAD_N + frame[3] + _TAIL_N

    def _sound(self, n: int) -> bool:
        frame = self._frame
        given = frame[n - 3] << 8 | frame[n - 2]
        return frame[n - 1] == END and given == checksum(frame, 2, n - _TAIL_N)

    def _drop(self, n: int) -> None:
        self._n -= n
        self._view[: self._n] = self._view[n : n + self._n]


class Reply:
    """Builds one reply at a time; calls chain. `view[:end()]` is what goes out."""

    def __init__(self):
        self._frame = bytearray(_REPLY_MAX)
        self.view = memoryview(self._frame)
        self._n = 0

    def begin(self, register: int, status: int):
        """Start over."""
        frame = self._frame
        frame[0] = START
        frame[1] = register
        frame[2] = status
        self._n = _HEAD_N
        return self

    def byte(self, value: int):
        """0..255, what lies outside is cut off at the nearest."""
        self._frame[self._n] = max(0, min(value, 0xFF))
        self._n += 1
        return self

    def word(self, value: int):
        """0..65535, cut off at the nearest."""
        value = max(0, min(value, 0xFFFF))
        self._frame[self._n] = value >> 8
        self._frame[self._n + 1] = value & 0xFF
        self._n += 2
        return self

    def signed(self, value: int):
        """-32768..32767, cut off at the nearest."""
        return self.word(max(-0x8000, min(value, 0x7FFF)) & 0xFFFF)

    def text(self, words: str, most: int = 31):
        """ASCII, cut to so many characters; what is no ASCII becomes a question mark."""
        for letter in words[:most]:
            code = ord(letter)
            self.byte(code if 32 <= code < 127 else 63)
        return self

    def end(self) -> int:
        """Close the frame: its length."""
        frame = self._frame
        n = self._n
        frame[3] = n - _HEAD_N
        total = checksum(frame, 2, n)
        frame[n] = total >> 8
        frame[n + 1] = total & 0xFF
        frame[n + 2] = END
        return n + _TAIL_N
