"""What firmware wants of time and of MicroPython's `asyncio`, where CPython's is at work."""

import asyncio


class ThreadSafeFlag:
    """As `asyncio.ThreadSafeFlag`."""

    def __init__(self):
        self._event = asyncio.Event()

    def set(self):
        self._event.set()

    async def wait(self):
        await self._event.wait()
        self._event.clear()


class Ticks:
    """Of a clock that does not wrap, the arithmetic of `bms.clock.Clock`; `ticks_ms` is the clock's own."""

    def ticks_diff(self, later, earlier) -> int:
        return later - earlier

    def ticks_add(self, ticks, delta_ms) -> int:
        return ticks + delta_ms


async def sleep_ms(ms: int) -> None:
    await asyncio.sleep(ms / 1000)
