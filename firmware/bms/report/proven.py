"""What the first verified scan proves: this version can protect the pack, with these settings.

It ends the trial of a new version: boot.py takes back one that did not get here before the next start.
And the next start need not check the settings again, see `bms.unchanged`.
"""

import asyncio
import os

from micropython import const

from bms.forget import forget

TRIED = "/previous/tried"
_LOOK_MS = const(100)
_LONG_MS = const(0x0FFFFFFF)


class Proven:
    """`tried`: the mark that the first verified scan removes."""

    def __init__(self, scan, tried: str = TRIED):
        self._scan = scan
        self._tried = tried

    async def run(self) -> None:
        while not self.look():
            await asyncio.sleep_ms(_LOOK_MS)
        while True:
            await asyncio.sleep_ms(_LONG_MS)

    def look(self) -> bool:
        """Is the monitor armed, all of it read back, and the scan fresh? Then this version stays."""
        if not self._scan.ready() or not self._scan.pack.snap.fresh:
            return False
        try:
            os.remove(self._tried)
        except OSError:  # no trial
            pass
        config = self._scan.pack.config
        # a simulated pack never asks; what holds it now is not looked at by a start that takes what is kept
        if getattr(config, "keep", False) and not self._scan.pack.held:
            keep(config, self._scan.board.guard)
        return True


def keep(config, guard) -> None:
    """For the next start, if there is room."""
    from bms import unchanged
    from bms.fault_rows import resolved

    image = getattr(guard, "image", bytes)  # not every driver has one
    try:
        unchanged.save(config, image(), resolved(config))
    except OSError:
        pass
    forget()
