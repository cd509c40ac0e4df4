"""JBD and our own channel over a serial line: looks 50 times a second, and waits for nothing but time."""

import asyncio

from micropython import const

from bms.report.jbd_slave import JbdSlave
from bms.report.wire import Wire

_LOOK_MS = const(20)
_QUIET_MS = const(200)  # a request does not pause this long
_CHUNK = const(64)


class UartReporter:
    """`uart` as `machine.UART`: `any()`, `readinto(buf)`, `write(buf)`, with a transmit buffer."""

    def __init__(self, uart, pack, on_config=None, make_link=None):
        self._uart = uart
        self.slave = JbdSlave(pack, on_config)
        self.wire = Wire(uart.write, self.slave, make_link)
        self._chunk = bytearray(_CHUNK)
        self._quiet_ms = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            self.look(_LOOK_MS)
            await asyncio.sleep_ms(_LOOK_MS)

    def look(self, ms: int) -> None:
        """Answer what has come in the last `ms`."""
        self.wire.advance(ms)
        if not self._uart.any():
            self._quiet_ms += ms
            if self._quiet_ms >= _QUIET_MS:
                self._quiet_ms = 0
                self.wire.quiet()
            return
        self._quiet_ms = 0
        count = self._uart.readinto(self._chunk) or 0
        for i in range(count):
            self.wire.put(self._chunk[i])
