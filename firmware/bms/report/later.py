"""Reporters whose code is loaded only when the pack is already protected: a start should not wait for it."""

import asyncio

from micropython import const

_LOOK_MS = const(100)
_LONG_MS = const(0x0FFFFFFF)
_LOOK_N = const(30)  # not longer: why nothing is permitted is worth a report, too


class Later:
    """Runs what `make()` makes, once the first FET is permitted or three seconds are over."""

    def __init__(self, pack, make):
        self._pack = pack
        self._make = make
        self.missing = None

    async def run(self) -> None:
        for _ in range(_LOOK_N):
            if self._pack.intent:
                break
            await asyncio.sleep_ms(_LOOK_MS)
        try:
            reporter = self._make()
        except (
            ImportError
        ) as error:  # a Pico has no `bluetooth`, a Pico W has: nothing to report with
            self.missing = error
            while True:
                await asyncio.sleep_ms(_LONG_MS)
        await reporter.run()
