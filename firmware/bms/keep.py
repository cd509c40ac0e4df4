"""What the estimators know as bytes, for a store, and back. Neither is called in a scan.

Little-endian words of 32 bits: version, cell count, rated capacity, SoC and its sigma, then the rows of
`_ROWS`, then arrays. A store adds its own check sum; here wrong versions, other packs and values beyond
their bounds are refused, whole. What happened while the power was off is unknown: the cells have lost
leak_pm a month and the sigma grows by as much, and by 10 % a month; an unknown time counts as a week.
"""

import struct

from micropython import const

_VERSION = const(1)
_BIG = const(0x3FFFFFFF)
_OFF_UNKNOWN_S = const(604800)
_OFF_MAX_S = const(100000000)
_MONTH_S = const(2628000)
_OFF_PM = const(100)

# object, attribute, lowest, highest
_ROWS = (
    ("soc", "cycles", 0, _BIG),
    ("soc", "capacity_e4", 3000, 15000),
    ("soc", "capacity_sigma_e4", 1, 1000),
    ("trim", "offset_q", -(1 << 20), 1 << 20),
    ("trim", "gain_e4", -1500, 1500),
    ("trim", "gain_n", 0, 4),
    ("voltage", "branch_pm", -1000, 1000),
    ("drop", "fast_cmv", 100, 25000),
    ("drop", "slow_cmv", 0, 25000),
    ("drop", "steps_n", 0, 1000),
    ("capacity", "e4", 3000, 15000),
    ("capacity", "sigma_e4", 1, 1000),
    ("capacity", "n", 0, _BIG),
    ("capacity", "from_kind", 0, 3),
    ("capacity", "to_kind", 0, 3),
    ("capacity", "when_min", 0, _BIG),
    ("resistance", "n", 0, _BIG),
    ("resistance", "when_min", 0, _BIG),
    ("deltas", "n", 0, _BIG),
    ("life", "age_min", 0, _BIG),
    ("life", "in_mah", 0, _BIG),
    ("life", "out_mah", 0, _BIG),
)
_ARRAYS = (
    ("resistance", "uohm"),
    ("deltas", "e5"),
    ("life", "value"),
    ("life", "which"),
    ("life", "when_min"),
    ("life", "minutes"),
)
_HEAD_N = const(5)


class Keep:
    """Saves and loads `soc` and `health` of one pack."""

    def __init__(self, soc, health, config):
        self._soc = soc
        self._config = config
        self._parts = {
            "soc": soc,
            "trim": soc.trim,
            "voltage": soc.voltage,
            "drop": soc.voltage.drop,
            "capacity": health.capacity,
            "resistance": health.resistance,
            "deltas": health.deltas,
            "life": health.life,
        }
        self.size = 4 * (_HEAD_N + len(_ROWS) + sum([len(self._array(r)) for r in _ARRAYS]))

    def save(self, buf) -> int:
        """Write into a bytearray of at least `size`; how many bytes."""
        soc = self._soc
        head = (
            _VERSION,
            self._config.cell_n,
            self._config.capacity_mah,
            soc.soc_e5(),
            -1 if soc.guessed else soc.voltage.belief.sigma_e5,
        )
        at = 0
        for value in head:
            at = _put(buf, at, value)
        for part, name, _, _ in _ROWS:
            at = _put(buf, at, getattr(self._parts[part], name))
        for row in _ARRAYS:
            for value in self._array(row):
                at = _put(buf, at, value)
        return at

    def load(self, buf, off_s: int) -> bool:
        """Take over what was saved `off_s` ago (< 0: nobody knows); False: refused, nothing changed."""
        if len(buf) < self.size:
            return False
        words = struct.unpack_from("<%di" % (self.size // 4), buf, 0)
        soc_e5, sigma_e5 = words[3], words[4]
        head = (_VERSION, self._config.cell_n, self._config.capacity_mah)
        if words[:3] != head or not 0 <= soc_e5 <= 100000 or sigma_e5 > 100000:
            return False
        for k in range(len(_ROWS)):
            if not _ROWS[k][2] <= words[_HEAD_N + k] <= _ROWS[k][3]:
                return False
        at = _HEAD_N
        for part, name, _, _ in _ROWS:
            setattr(self._parts[part], name, words[at])
            at += 1
        for row in _ARRAYS:
            into = self._array(row)
            for k in range(len(into)):
                into[k] = words[at]
                at += 1
        self._resume(soc_e5, sigma_e5, off_s)
        return True

    def _resume(self, soc_e5: int, sigma_e5: int, off_s: int) -> None:
        off_s = _OFF_UNKNOWN_S if off_s < 0 else min(off_s, _OFF_MAX_S)
        months_e3 = off_s // (_MONTH_S // 1000)
        lost_e5 = self._config.leak_pm * months_e3 // 10
        soc_e5 = max(0, soc_e5 - lost_e5)
        if sigma_e5 < 0:
            self._soc.guess(soc_e5 // 100)
            return
        more_e5 = min(lost_e5 + _OFF_PM * months_e3 // 10, 60000)
        self._soc.resume(soc_e5, min(sigma_e5 + more_e5, 60000))

    def _array(self, row):
        return getattr(self._parts[row[0]], row[1])


def _put(buf, at: int, value: int) -> int:
    struct.pack_into("<i", buf, at, value)
    return at + 4
