"""JBD and our own channel over a serial line: looks 50 times a second, and waits for nothing but time.

The code of both is loaded when the first byte comes: on many a board nobody ever asks.
"""

import asyncio

from micropython import const

_LOOK_MS = const(20)
_QUIET_MS = const(200)  # a request does not pause this long
_CHUNK = const(64)


class UartReporter:
    """`uart` as `machine.UART`: `any()`, `readinto(buf)`, `write(buf)`, with a transmit buffer."""

    def __init__(self, uart, pack, on_config=None, make_link=None):
        self._uart = uart
        self._pack = pack
        self._on_config = on_config
        self._make_link = make_link
        self.wire = None
        self._chunk = bytearray(_CHUNK)
        self._quiet_ms = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            self.look(_LOOK_MS)
            await asyncio.sleep_ms(_LOOK_MS)

    def look(self, ms: int) -> None:
        """Answer what has come in the last `ms`."""
        wire = self.wire
        if wire is not None:
            wire.advance(ms)
        if not self._uart.any():
            self._quiet_ms += ms
            if self._quiet_ms >= _QUIET_MS:
                self._quiet_ms = 0
                if wire is not None:
                    wire.quiet()
            return
        if wire is None:
            wire = self.wire = self._open()
        self._quiet_ms = 0
        count = self._uart.readinto(self._chunk) or 0
        for i in range(count):
            wire.put(self._chunk[i])

    def _open(self):
        from bms.report.jbd_slave import JbdSlave
        from bms.report.wire import Wire

        return Wire(self._uart.write, JbdSlave(self._pack, self._on_config), self._make_link)
