"""What the estimators know as bytes, for a store, and back. Loaded for a save or a start, then forgotten.

Little-endian words of 32 bits: version, cell count, rated capacity, chemistry, wall time (0: not known), SoC
and its sigma, then the rows of `ROWS`, then arrays. The store adds its own check sum; here wrong versions,
other packs and values beyond their bounds are refused, whole. What happened while the power was off is
unknown: the cells have lost leak_pm a month and the sigma grows by as much, and by 10 % a month; an unknown
time counts as a week. Between the last save and the end there may have flowed another per cent or two.
"""

import binascii
import struct

from micropython import const

from abstore import ABStore, FileSlot

PATHS = ("/state.a", "/state.b")  # in the folder of the logs
VERSION = const(1)
OFF_UNKNOWN_S = const(604800)
_UNSAVED_E5 = const(800)  # sigma: by a per cent or two a save may be behind, see bms.keeper
_BIG = const(0x3FFFFFFF)
_OFF_MAX_S = const(100000000)
_MONTH_S = const(2628000)
_OFF_PM = const(100)
_SIGMA_MAX_E5 = const(60000)

# object, attribute, lowest, highest
ROWS = (
    ("soc", "cycles", 0, _BIG),
    ("soc", "capacity_e4", 3000, 15000),
    ("soc", "capacity_sigma_e4", 1, 1000),
    ("trim", "offset_q", -(1 << 20), 1 << 20),
    ("trim", "gain_e4", -1500, 1500),
    ("trim", "gain_n", 0, 4),
    ("voltage", "branch_pm", -1000, 1000),
    ("voltage", "net_e5", -1000000, 1000000),  # what the growth of the error goes on from
    ("voltage", "through_e5", 0, 10000000),
    ("voltage", "since_s", 0, 10000000),
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
ARRAYS = (
    ("resistance", "uohm", 0, 200000),
    ("deltas", "e5", -20000, 20000),
    ("life", "value", -_BIG, _BIG),
    ("life", "which", -1, 255),
    ("life", "when_min", 0, _BIG),
    ("life", "minutes", 0, _BIG),
)
HEAD_N = const(7)
_WALL_AT = const(4)


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
        self.size = 4 * (HEAD_N + len(ROWS) + sum([len(self._array(r)) for r in ARRAYS]))

    def save(self, buf, wall_s: int = 0) -> int:
        """Write into a bytearray of at least `size`; how many bytes."""
        soc = self._soc
        at = 0
        for value in self._pack():
            at = _put(buf, at, value)
        at = _put(buf, at, wall_s)
        at = _put(buf, at, soc.soc_e5())
        at = _put(buf, at, -1 if soc.guessed else min(soc.voltage.belief.sigma_e5, _SIGMA_MAX_E5))
        for part, name, _, _ in ROWS:
            at = _put(buf, at, getattr(self._parts[part], name))
        for row in ARRAYS:
            for value in self._array(row):
                at = _put(buf, at, value)
        return at

    def load(self, buf, off_s: int) -> bool:
        """Take over what was saved `off_s` ago (< 0: nobody knows); False: refused, nothing changed."""
        if len(buf) != self.size:
            return False
        words = struct.unpack("<%di" % (self.size // 4), buf)
        if words[:4] != self._pack() or not self._bounded(words):
            return False
        self._rows(words)
        sigma_e5 = words[6]
        self._resume(words[5], sigma_e5 + _UNSAVED_E5 if sigma_e5 >= 0 else -1, off_s)
        self._rows(words)  # again: to resume is to begin anew with some of them
        return True

    def age(self, off_s: int) -> None:
        """It turns out that the power was off for so much longer."""
        voltage = self._soc.voltage
        grown = (voltage.net_e5, voltage.through_e5, voltage.since_s)
        self._resume(self._soc.soc_e5(), voltage.belief.sigma_e5, off_s)
        voltage.net_e5, voltage.through_e5, voltage.since_s = grown

    def _pack(self):
        """What tells this pack from another."""
        config = self._config
        kind = binascii.crc32(config.chemistry.encode()) & _BIG
        return (VERSION, config.cell_n, config.capacity_mah, kind)

    def _bounded(self, words) -> bool:
        if not 0 <= words[5] <= 100000 or not -1 <= words[6] <= _SIGMA_MAX_E5:
            return False
        at = HEAD_N
        for _, _, low, high in ROWS:
            if not low <= words[at] <= high:
                return False
            at += 1
        for row in ARRAYS:
            n = len(self._array(row))
            if not row[2] <= min(words[at : at + n]) <= max(words[at : at + n]) <= row[3]:
                return False
            at += n
        return True

    def _rows(self, words) -> None:
        at = HEAD_N
        for part, name, _, _ in ROWS:
            setattr(self._parts[part], name, words[at])
            at += 1
        for row in ARRAYS:
            into = self._array(row)
            for k in range(len(into)):
                into[k] = words[at]
                at += 1

    def _resume(self, soc_e5: int, sigma_e5: int, off_s: int) -> None:
        off_s = OFF_UNKNOWN_S if off_s < 0 else min(off_s, _OFF_MAX_S)
        months_e3 = off_s // (_MONTH_S // 1000)
        lost_e5 = self._config.leak_pm * months_e3 // 10
        soc_e5 = max(0, soc_e5 - lost_e5)
        if sigma_e5 < 0:
            self._soc.guess(soc_e5 // 100)
            return
        more_e5 = min(lost_e5 + _OFF_PM * months_e3 // 10, _SIGMA_MAX_E5)
        self._soc.resume(soc_e5, min(sigma_e5 + more_e5, _SIGMA_MAX_E5))

    def _array(self, row):
        return getattr(self._parts[row[0]], row[1])


def store(folder: str):
    """Where a pack's state lies."""
    return ABStore([FileSlot(folder + path) for path in PATHS], VERSION, None, False)


def wall_s(data) -> int:
    """When that was saved, 0: not known."""
    return struct.unpack_from("<i", data, 4 * _WALL_AT)[0]


def _put(buf, at: int, value: int) -> int:
    struct.pack_into("<i", buf, at, value)
    return at + 4
