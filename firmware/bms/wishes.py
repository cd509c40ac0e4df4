"""What waits for a person outlives a reset: the wish to be off, FETs locked off, latched rows, owed trips.

Kept as text in two checked copies, `wishes.a` and `wishes.b`: "off 4 scd=3! ocd1=1" is off, DSG locked, a
short circuit locked, one trip of ocd1 towards its lock. A cut inside a save leaves the old text or the new one.
`bms.recall` reads it at start. Damaged, it counts as "off".
"""

import sys

from micropython import const

from bms import faults

_LAYOUT = const(1)
_NONE = "on 0"
PATHS = ("wishes.a", "wishes.b")


def text(pack) -> str:
    """All of it, now."""
    words = ["off" if pack.mode.off else "on", str(pack.lock)]
    protect = pack.protect
    names = faults.NAMES.split(" ")
    for i in range(faults.ROW_N):
        latched = protect.latched(i)
        owed = protect.owed(i)
        if latched or owed:
            words.append(names[i] + "=" + str(owed) + ("!" if latched else ""))
    return " ".join(words)


def open_store(slots):
    """(store, text in it): "" when there is one that nobody can read."""
    from abstore import EMPTY, ABStore, FileSlot

    sys.modules.pop("abstore", None)
    store = ABStore(slots or (FileSlot(PATHS[0]), FileSlot(PATHS[1])), _LAYOUT)
    data = store.load()
    try:
        return store, _NONE if store.state == EMPTY else str(data or b"", "utf-8")
    except ValueError:
        return store, ""


class Wishes:
    """`step` in a pause: True when it has written."""

    def __init__(self, pack, slots=None):
        self._pack = pack
        self._slots = slots
        self._kept = None
        self._n = -1
        self._lock = 0

    def step(self) -> bool:
        """Nothing of this changes without a record in the journal, but a lock while all is held,
        and trips that are forgiven."""
        pack = self._pack
        if pack.journal.n == self._n and pack.lock == self._lock:
            return False
        now = text(pack)
        if now != self._kept:
            store, self._kept = open_store(self._slots)
            if now != self._kept:
                store.save(now.encode())
                self._kept = now
                return True
        self._n = pack.journal.n
        self._lock = pack.lock
        return False
