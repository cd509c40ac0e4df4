"""The readings around each trip, scan by scan: what the page draws when it is asked what happened."""

from collections import deque

from roles import TEMP_NONE

_BEFORE_N = 80  # scans: 20 s at the default period
_AFTER_N = 40
_KEPT = 200  # windows


def point(session) -> tuple:
    """One reading as the page's charts take it: see POINT in tools/dashboard/js/link/demo_link.js."""
    pack = session.pack
    snap, soc = pack.snap, pack.soc
    warmest = None if snap.temp_max_ddegc == TEMP_NONE else snap.temp_max_ddegc
    low_pm, high_pm = getattr(soc, "soc_lo_pm", None), getattr(soc, "soc_hi_pm", None)
    now = (round(session.now_s, 3), snap.pack_ma, snap.stack_mv, soc.soc_pm, low_pm, high_pm)
    return (*now, warmest, list(snap.cell_mv))


class Around:
    """Remembers the last scans; a trip keeps them, and the next ones too."""

    def __init__(self):
        self._before = deque(maxlen=_BEFORE_N)
        self._growing = []  # (readings, how long they become)
        self._windows = {}  # number of the record: readings

    def add(self, now: tuple) -> None:
        """One scan that measured."""
        self._before.append(now)
        for window, _ in self._growing:
            window.append(now)
        self._growing = [one for one in self._growing if len(one[0]) < one[1]]

    def keep(self, number: int) -> None:
        """Record `number` is a trip that just happened."""
        window = list(self._before)
        self._windows[number] = window
        self._growing.append((window, len(window) + _AFTER_N))
        if len(self._windows) > _KEPT:
            del self._windows[min(self._windows)]

    def has(self, number: int) -> bool:
        return number in self._windows

    def window(self, number) -> list:
        """Readings around record `number`; empty when there are none."""
        return self._windows.get(number, [])
