"""JBD over a serial line: looks 50 times a second, and never waits for anything but time."""

import asyncio

from micropython import const

from bms.report.jbd_slave import JbdSlave

_LOOK_MS = const(20)
_QUIET_MS = const(200)  # a request does not pause this long
_CHUNK = const(64)


class UartReporter:
    """`uart` as `machine.UART`: `any()`, `readinto(buf)`, `write(buf)`, with a transmit buffer."""

    def __init__(self, uart, pack, on_config=None):
        self._uart = uart
        self.slave = JbdSlave(pack, on_config)
        self._chunk = bytearray(_CHUNK)
        self._quiet_ms = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            self.look(_LOOK_MS)
            await asyncio.sleep_ms(_LOOK_MS)

    def look(self, ms: int) -> None:
        """Answer what has come in the last `ms`."""
        slave = self.slave
        slave.advance(ms)
        if not self._uart.any():
            self._quiet_ms += ms
            if self._quiet_ms >= _QUIET_MS:
                self._quiet_ms = 0
                slave.quiet()
            return
        self._quiet_ms = 0
        count = self._uart.readinto(self._chunk) or 0
        for i in range(count):
            slave.put(self._chunk[i])
            n = slave.answer()
            while n:
                self._uart.write(slave.view[:n])
                n = slave.answer()
