"""FF AA frames: what a phone says to the Bluetooth module of a JBD board, not to the BMS behind it.

`FF AA command n data sum`, sum = low byte of command + n + data. A module of ours has no password, says
so, and keeps none; it cannot be renamed. What it does not know it leaves unanswered.
"""

from micropython import const

_HEAD_0 = const(0xFF)
_HEAD_1 = const(0xAA)
_HEAD_N = const(4)
_RENAME = const(0x07)
_APP_KEY = const(0x15)
_CHANGE = const(0x16)
_RANDOM = const(0x17)
_USER = const(0x18)
_ROOT = const(0x1D)
_NOT_DONE = const(0x01)

# command: the one data byte of its answer
_ANSWERS = {
    _APP_KEY: 0x02,  # no password set
    _USER: 0x00,  # right: nothing hangs on it
    _ROOT: 0x00,
    _CHANGE: _NOT_DONE,
    _RENAME: _NOT_DONE,
}


class Module:
    """`view[: answer(data)]` is what goes out."""

    def __init__(self, random):
        self._random = random  # (n) -> n bytes
        self._frame = bytearray(_HEAD_N + 2)
        self.view = memoryview(self._frame)

    def answer(self, data) -> int:
        """Length of the answer to a whole frame; 0: it is none, or nothing is known of it."""
        n = len(data)
        if n < _HEAD_N + 1 or n != _HEAD_N + 1 + data[3] or _sum(data, n - 1) != data[n - 1]:
            return 0
        command = data[2]
        value = self._random(1)[0] if command == _RANDOM else _ANSWERS.get(command, -1)
        if value < 0:
            return 0
        frame = self._frame
        frame[0] = _HEAD_0
        frame[1] = _HEAD_1
        frame[2] = command
        frame[3] = 1
        frame[4] = value
        frame[5] = _sum(frame, 5)
        return 6


def _sum(frame, last: int) -> int:
    """Low byte of frame[2] .. frame[last - 1]."""
    total = 0
    for i in range(2, last):
        total += frame[i]
    return total & 0xFF
