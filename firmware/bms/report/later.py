"""Reporters whose code is loaded only when the pack is already protected: a start should not wait for it.

Loading all of it at once would stop the scan for longer than the dead-man waits. So one of them loads, or one piece
of one, and then a scan has its turn.
"""

import asyncio

from micropython import const

_LOOK_MS = const(100)
_LONG_MS = const(0x0FFFFFFF)
_LOOK_N = const(30)  # not longer: why nothing is permitted is worth a report, too
_NEAR_MS = const(10)
_NEAR_N = const(50)  # a pack asleep is scanned rarely, and nothing is on then
_taken = [0]  # the scan whose rest somebody has used


async def rest(snap) -> None:
    """Wait until a scan has just ended, for one caller each: what takes long may be done now."""
    seq = snap.seq
    n = 0
    while n < _NEAR_N:
        await asyncio.sleep_ms(_NEAR_MS)
        n += 1
        if snap.seq != seq:
            seq = snap.seq
            n = 0
            if _taken[0] != seq:
                break
    _taken[0] = seq


class Later:
    """Runs what `make()` makes, once the first FET is permitted or three seconds are over.

    `make()` returns the reporter, or yields after each piece of its work and the reporter at last.
    """

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
            reporter = await self._load()
        except (
            ImportError
        ) as error:  # a Pico has no `bluetooth`, a Pico W has: nothing to report with
            self.missing = error
            while True:
                await asyncio.sleep_ms(_LONG_MS)
        await reporter.run()

    async def _load(self):
        snap = self._pack.snap
        await rest(snap)
        made = self._make()
        if not hasattr(made, "__next__"):
            return made
        reporter = None
        for piece in made:
            reporter = piece
            await rest(snap)
        return reporter
