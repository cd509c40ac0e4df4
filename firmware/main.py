"""Device entry. Short, because MicroPython compiles it at every start; the rest is `bms.start`."""

import gc
import sys

# Collect often: what stays then lies together at the bottom of the heap, and large pieces find room above.
gc.threshold(110000)
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

run(started)
