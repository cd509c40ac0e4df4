"""The two places where a cell says how much it holds: full and empty.

Full: every cell at full_mv and hardly any current for full_ms; the highest cell alone is not full. Empty:
the lowest cell at empty_mv with little load. A load's own drop is no evidence, nor is what it leaves behind
for minutes: a cell that delivered 1C to its cut-off may hold 15 % and recover from 2.0 V within a minute.
So a heavy load puts off the empty anchor until it has been gone for _CALM_MS.
"""

from micropython import const

from bms.held import NOT, held

ANCHOR_NONE = const(0)
ANCHOR_FULL = const(1)
ANCHOR_EMPTY = const(2)

_WHOLE_PM = const(1000)
_EMPTY_MS = const(1000)  # below the delay of the under-voltage trip, which ends the discharge
_EMPTY_PART = const(5)  # below 0.2C the drop over the cell's resistance is a few millivolts
_CALM_MS = const(600000)


class Anchors:
    """Watches for both; `step` tells each once."""

    def __init__(self, config):
        self._config = config
        self._tail_ma = config.capacity_mah * config.full_tail_pm // _WHOLE_PM  # <= 1e6 * 200
        self._small_ma = config.capacity_mah // _EMPTY_PART
        self._full_ms = NOT
        self._empty_ms = NOT
        self._calm_ms = _CALM_MS  # since a heavy load; none is known at the start

    def step(self, snap, dt_ms: int) -> int:
        """ANCHOR_* that this reading has brought."""
        config = self._config
        ma = snap.pack_ma
        # noise around zero counts as no discharge
        tail = -config.idle_ma < ma < self._tail_ma
        before_ms = self._full_ms
        runs = tail and snap.cell_min_mv >= config.full_mv
        self._full_ms = held(before_ms, runs, dt_ms, config.full_ms)
        if self._full_ms >= config.full_ms > before_ms:
            return ANCHOR_FULL
        small = -self._small_ma < ma < self._small_ma
        self._calm_ms = min(self._calm_ms + dt_ms, _CALM_MS) if small else 0
        before_ms = self._empty_ms
        runs = self._calm_ms >= _CALM_MS and snap.cell_min_mv <= config.empty_mv
        self._empty_ms = held(before_ms, runs, dt_ms, _EMPTY_MS)
        if self._empty_ms >= _EMPTY_MS > before_ms:
            return ANCHOR_EMPTY
        return ANCHOR_NONE
