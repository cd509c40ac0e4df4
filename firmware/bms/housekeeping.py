"""Runs the black box, and keeps the state of charge, in the pauses between scans: a task beside the reporters.

The logs are files in /log, one folder each, unless the board has a `store` of its own: a function that
gives four segment stores, on FRAM or a partition for instance.
"""

import asyncio
import os
import sys

from micropython import const

from bms.blackbox import SEGMENTS, SEGMENTS_SMALL, BlackBox
from bms.keeper import Keeper
from bms.wishes import Wishes
from ringlog import Chain
from segments import FileSegments

FOLDER = "log"
FOLDERS = ("events", "windows", "minutes", "hours")
KEY = "device.key"  # not beside the logs: who copies those shall not be able to forge them
_KEY_N = const(32)
_PLENTY_N = const(256)  # blocks of 4 KiB; a Pico W has 212
_LOOK_MS = const(10)
_LAYOUT = const(1)  # of the counters


class Housekeeping:
    """`run` for ever; whenever a scan has just ended the black box has its turn.

    `key`: of the device; `keeper`: see `make_keeper`; `folder`: made by `make_folder`; `windows`: as of BlackBox.
    """

    def __init__(self, scan, key: bytes, keeper, folder: str = FOLDER, windows=True):
        self._snap = scan.pack.snap
        self._journal = scan.pack.journal
        self._folder = folder
        board = scan.board
        store = getattr(board, "store", None)
        small = getattr(board, "flash_n", _PLENTY_N) < _PLENTY_N
        places = store() if store is not None else files(folder, small)
        chain = Chain(key)
        cause = getattr(board, "reset_cause", 0)
        self._keeper = keeper  # made first: what it changes is on no tape
        self.blackbox = BlackBox(scan, places, chain, self._counters, cause, windows)
        self.blackbox.also(Wishes(scan.pack).step)

    def _counters(self):
        """Where the counters are kept: needed at start and once a day, not in memory otherwise."""
        from abstore import ABStore, FileSlot

        sys.modules.pop("abstore", None)
        paths = (self._folder + "/count.a", self._folder + "/count.b")
        return ABStore((FileSlot(paths[0]), FileSlot(paths[1])), _LAYOUT)

    async def run(self) -> None:
        """Look often, so that what is written begins right after a scan and ends before the next."""
        seq = self._snap.seq
        while True:
            if self._snap.seq != seq:
                seq = self._snap.seq
                if not self.blackbox.slack():
                    self._keeper.slack(self._journal.wall_s())
            await asyncio.sleep_ms(_LOOK_MS)


def make_keeper(scan, folder: str = FOLDER):
    """Loads what the estimators knew; a piece of work of its own, as each folder and the key."""
    return Keeper(scan.pack, folder, getattr(scan.board, "reset_cause", 0))


def files(folder: str, small: bool = False) -> list:
    """Four segment stores in files; in a `small` file system the long run is shorter, unless it is longer already."""
    places = []
    for i in range(len(FOLDERS)):
        path = folder + "/" + FOLDERS[i] + "/"
        place = FileSegments(path, SEGMENTS_SMALL[i] if small else SEGMENTS[i])
        if small and place.is_there(place.n):  # the newest records may be in there
            place.n = SEGMENTS[i]
        places.append(place)
    return places


def make_folder(folder: str, name: str) -> None:
    """One of FOLDERS, or "" for the folder that they are in."""
    try:
        os.mkdir(folder + "/" + name if name else folder)
    except OSError:  # it is there
        pass


def device_key(path: str) -> bytes:
    """The key of this device; made from the port's random numbers when there is none yet."""
    try:
        with open(path, "rb") as file:
            key = file.read()
        if len(key) == _KEY_N:
            return key
    except OSError:
        pass
    key = os.urandom(_KEY_N)
    with open(path, "wb") as file:
        file.write(key)
    return key
