"""Our channel on the board's console, frames as lines of text: looks 20 times a second, more often in a talk.

Ctrl-C still stops the firmware, as `make flash` and `make repl` want. An answer goes out only after a
request, so somebody reads; it fits the USB buffer of 256 bytes but for long lists of faults. The code
is loaded when the first byte comes.
"""

import asyncio

from micropython import const

from bms.report.pieces import channel_pieces, fetch

_LOOK_MS = const(50)
_NEAR_MS = const(5)
_NEAR_N = const(20)  # looks without a byte that end a talk
_QUIET_MS = const(200)
_MOST = const(128)  # bytes of one look


class UsbReporter:
    """`ready()`: a byte waits; `stdin.buffer.readinto(buf)`, `stdout.buffer.write(data)` as in `sys`."""

    def __init__(self, stdin, stdout, ready, make_link, snap):
        self._from = stdin.buffer
        self._ready = ready
        self._snap = snap
        self._to = stdout.buffer
        self._make_link = make_link
        self.wire = None
        self._one = bytearray(1)
        self._quiet_ms = 0

    async def run(self) -> None:
        """For ever."""
        while not self._ready():
            await asyncio.sleep_ms(_LOOK_MS)
        await fetch(channel_pieces(), self._snap)
        near_n = 0
        while True:
            ms = _NEAR_MS if near_n else _LOOK_MS
            await asyncio.sleep_ms(ms)
            near_n = _NEAR_N if self.look(ms) else max(0, near_n - 1)

    def look(self, ms: int) -> bool:
        """Answer what has come in the last `ms`; has anything?"""
        if self.wire is None:
            if not self._ready():
                return False
            from bms.report.wire import Wire

            self.wire = Wire(self._to.write, None, self._make_link)
        self.wire.advance(ms)
        self._quiet_ms += ms
        self._read(self.wire)
        heard = not self._quiet_ms
        if self._quiet_ms >= _QUIET_MS:
            self._quiet_ms = 0
            self.wire.quiet()
        return heard

    def _read(self, wire) -> None:
        for _ in range(_MOST):
            if not self._ready() or not self._from.readinto(self._one):
                break
            self._quiet_ms = 0
            wire.put(self._one[0])


def console(stdin, stdout, make_link, snap):
    """The reporter on MicroPython's own console."""
    import select

    poll = select.poll()
    poll.register(stdin, select.POLLIN)
    return UsbReporter(stdin, stdout, lambda: poll.poll(0), make_link, snap)
