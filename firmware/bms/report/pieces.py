"""Code that is loaded while the pack is protected: piece by piece, and a scan comes between.

Loading much at once would stop the scan for longer than the dead-man waits.
"""

import asyncio

from micropython import const

_NEAR_MS = const(10)
_NEAR_N = const(50)  # a pack asleep is scanned rarely, and nothing is on then
_LONG_MS = const(0x0FFFFFFF)
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


async def fetch(pieces, snap) -> None:
    """Go through a generator that imports something before each of its yields."""
    await rest(snap)
    for _ in pieces:
        await rest(snap)


def jbd_pieces():
    """JBD's protocol on a cable."""
    import jbd  # noqa: F401

    yield
    import bms.report.jbd_map

    yield
    import bms.report.jbd_slave

    yield
    import bms.report.wire  # noqa: F401

    yield


def channel_pieces():
    """Our own channel."""
    import auth  # noqa: F401

    yield
    import bms.report.link

    yield
    import bms.report.link_board

    yield
    import bms.commission_store

    yield
    import bms.report.commission

    yield
    import bms.report.wire  # noqa: F401

    yield


class Made:
    """Runs what `make()` makes; made anew when it died.

    `make()` returns the reporter, or yields after each piece of its work and the reporter at last.
    """

    def __init__(self, snap, make):
        self._snap = snap
        self._make = make

    async def run(self) -> None:
        try:
            reporter = await self._load()
        except ImportError:  # a Pico has no `bluetooth`, a Pico W has: nothing to report with
            while True:
                await asyncio.sleep_ms(_LONG_MS)
        await reporter.run()

    async def _load(self):
        await rest(self._snap)
        made = self._make()
        if not hasattr(made, "__next__"):
            return made
        reporter = made
        for piece in made:
            reporter = piece
            await rest(self._snap)
        return reporter
