"""Keeps what the estimators know over a loss of power: loads it at the start, saves it between scans.

A save comes with every per cent of charge, and each hour; at once after a start too, because a device that
starts again and again must grow less sure each time. One small file is written, the older of two. The code
for it is loaded when it is needed: a save is rarer than memory is scarce.
"""

from micropython import const

from bms.bits import PRECHARGE
from bms.forget import forget

_GAP_S = const(20)  # between two saves: a per cent at 1.8C
_HOUR_S = const(3600)
_PARTS = const(100)  # of the capacity
_STAYED = (3, 5)  # reset causes of every port: watchdog, and software; the power was there


class Keeper:
    """`folder`: of the files; `cause`: of the reset. Loads at once; call `slack` between two scans."""

    def __init__(self, pack, folder: str, cause: int):
        self._pack = pack
        self._folder = folder
        self._saved_s = -_GAP_S
        self._saved_uah = -1 - pack.soc.capacity_uah
        self._wall_s = 0  # when it was saved, if it is not known how long the power was off
        self.errors = 0
        self._do(self._load, 0 if cause in _STAYED else -1)

    def slack(self, wall_s: int) -> None:
        """Save when it is time. `wall_s`: seconds since 1970, 0 = not known."""
        pack = self._pack
        now_s = pack.journal.uptime_s
        if wall_s and self._wall_s:
            self._do(self._age, wall_s - now_s - self._wall_s)
            self._wall_s = 0
        gap_s = now_s - self._saved_s
        moved_uah = abs(pack.soc.charge_uah - self._saved_uah)
        if gap_s < _GAP_S or (gap_s < _HOUR_S and moved_uah < pack.soc.capacity_uah // _PARTS):
            return
        if pack.mode.mode == PRECHARGE or pack.protect.waiting:
            return  # an erase stops the processor
        self._saved_s = now_s
        self._saved_uah = pack.soc.charge_uah
        self._do(self._save, wall_s)

    def _do(self, what, argument: int) -> None:
        """With the code that it needs, and without it afterwards."""
        try:
            from bms import keep

            pack = self._pack
            what(keep, keep.Keep(pack.soc, pack.health, pack.config), argument)
        except (OSError, MemoryError):
            self.errors += 1
        forget("abstore bms.keep")

    def _load(self, keep, kept, off_s: int) -> None:
        data = keep.store(self._folder).load()
        if data is not None and kept.load(data, off_s) and off_s < 0:
            self._wall_s = keep.wall_s(data)

    def _save(self, keep, kept, wall_s: int) -> None:
        buf = bytearray(kept.size)
        kept.save(buf, wall_s)
        store = keep.store(self._folder)
        store.load()
        store.save(buf)

    def _age(self, keep, kept, off_s: int) -> None:
        """Somebody has told the time: it was longer off than an unknown time counts for."""
        since_s = self._pack.soc.voltage.since_s
        more_s = off_s - keep.OFF_UNKNOWN_S
        if more_s > 0 and since_s + _GAP_S * 3 >= self._pack.journal.uptime_s:  # no anchor since
            kept.age(more_s)
