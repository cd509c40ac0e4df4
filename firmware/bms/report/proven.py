"""Ends the trial of a new version: its first verified scan says that it can protect the pack.

boot.py takes back a version that did not get here before the next start.
"""

import asyncio
import os

from micropython import const

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
        return True
