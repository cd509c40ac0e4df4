"""Reporters whose code is loaded only when the pack is already protected: a start should not wait for it."""

import asyncio

from micropython import const

_LOOK_MS = const(100)
_LOOK_N = const(30)  # not longer: why nothing is permitted is worth a report, too


class Later:
    """Runs what `make()` makes, once the first FET is permitted or three seconds are over."""

    def __init__(self, pack, make):
        self._pack = pack
        self._make = make

    async def run(self) -> None:
        for _ in range(_LOOK_N):
            if self._pack.intent:
                break
            await asyncio.sleep_ms(_LOOK_MS)
        await self._make().run()
