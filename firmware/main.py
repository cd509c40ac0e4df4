"""Device entry. Short, because MicroPython compiles it at every start; the rest is `bms.start`."""

import gc
import sys

# Not before the first FET is permitted; and then before the heap is full, so that large pieces find room.
gc.threshold(180000)
begun = []


def begin():
    sys.path.insert(0, "/lib")  # found sooner
    import listed

    del sys.path[0]
    begun.append(listed.begin(("/", "/lib")))


def started():
    import listed

    listed.end(begun.pop())
    del sys.modules["listed"]


begin()
from bms.start import run  # noqa: E402

run(started, begun[0][1])
