"""The product on the virtual link: a simulated pack, its firmware, and its Bluetooth reporter at work."""

import asyncio
import contextlib
import os

from bms.report.ble import BleReporter
from btlink.virtual import Radio
from fakes_asyncio import ThreadSafeFlag, Ticks, sleep_ms


class LoopClock(Ticks):
    """As `bms.clock.Clock`, of the running loop's time."""

    def ticks_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)


def _plenty() -> int:
    return 99_999


class Product:
    """`pack`: of a simulation or a test. Until `close` the reporter runs as on a board."""

    def __init__(self, radio: Radio, pack, links: int, keep=None, key=None):
        asyncio.sleep_ms = sleep_ms  # MicroPython's, for the firmware
        self.radio = radio
        self.pack = pack
        clock, wake = LoopClock(), ThreadSafeFlag()
        self.reporter = BleReporter(
            pack,
            "sim",
            links,
            clock,
            wake,
            _plenty,
            os.urandom,
            key=None if key is None else lambda: key,
            on_config=keep,
        )
        self._task = asyncio.create_task(self.reporter.run())

    @classmethod
    async def make(cls, link, pack, limits, links=1, **more):
        """On the air, and advertising."""
        product = cls(await Radio.make(link, limits), pack, links, **more)
        while not product.radio.device.is_advertising:
            await asyncio.sleep(0.01)
        return product

    def open_room(self):
        """As somebody who presses the button does."""
        self.reporter._wanted = True
        while self.reporter.room is None:
            self.reporter.work()
        return self.reporter.room

    def sound(self) -> bool:
        """The reporter runs, and its interrupt handler never raised."""
        state = self.radio.ble.state
        return not self._task.done() and state.irq_error is None and state.handler is not None

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self.radio.close()
