"""Steps of commissioning that let FETs conduct, one after the other, and see that all opens them again.

As `commission_steps`. Nothing is connected to the terminals until `current` asks for it.
"""

from micropython import const

from bms.finding import Finding
from roles import BOTH, CHG, DSG, TRIP_COV, TRIP_CUV, TRIP_OTC, TRIP_OTD

_START_MS = const(20000)  # for a monitor to be armed and verified
_FET_MS = const(8000)  # precharge and the monitor's own rhythm included
_FALL_MS = const(10000)  # capacitors at the terminals
_DIODE_MV = const(150)  # the least that the body diode of a FET takes
_SAME_MV = const(2500)  # PACK is measured coarsely
_ZERO_MA = const(300)
_LOAD_MA = const(500)

# what is rehearsed: name, trip of the monitor, the FET that it opens
TRIALS = (
    ("cov", TRIP_COV, CHG),
    ("cuv", TRIP_CUV, DSG),
    ("otc", TRIP_OTC, CHG),
    ("otd", TRIP_OTD, DSG),
)


def fets(c):
    """Both off, each alone, both; PACK tells which really conducts."""
    snap = c.snap
    c.fets = 0
    if not (yield from c.until(lambda: snap.pack_mv < snap.stack_mv // 2, _FALL_MS)):
        raise Finding("terminals_live", -1, snap.pack_mv)
    yield from _close(c, CHG)
    yield from c.wait(1000)
    if snap.pack_mv > snap.stack_mv // 2:
        raise Finding("fets_swapped", -1, snap.pack_mv)
    yield from _close(c, DSG)
    yield from c.wait(1000)
    alone_mv = snap.pack_mv
    if alone_mv < snap.stack_mv - _SAME_MV:
        raise Finding("dsg_dead", -1, alone_mv)
    yield from _close(c, BOTH)
    yield from c.wait(1000)
    both_mv = snap.pack_mv
    if both_mv < alone_mv + _DIODE_MV:
        # nothing was missing with CHG off, or it is still missing with CHG on
        shut = alone_mv > snap.stack_mv - _DIODE_MV
        raise Finding("chg_welded" if shut else "chg_dead", -1, both_mv - alone_mv)
    return {"dsg_pack_mv": alone_mv, "both_pack_mv": both_mv, "stack_mv": snap.stack_mv}


def _close(c, want: int):
    """Have exactly these FETs on, by the monitor's own word (generator)."""
    c.fets = want
    snap = c.snap
    if not (yield from c.until(lambda: c.on & BOTH == want, _FET_MS)):
        raise Finding("blocked", -1, c.on)
    if not (yield from c.until(lambda: snap.fets & BOTH == want, _FET_MS)):
        missing = want & ~snap.fets
        name = "chg" if missing & CHG else "dsg" if missing & DSG else "fet"
        raise Finding(name + "_held_off" if missing else "fet_stuck", -1, snap.fets)


def pins(c):
    """Both on, then the off-pins dropped without a command: the monitor must obey the pins."""
    if not c.off_pins:
        return {"without": 1}
    yield from _close(c, BOTH)
    c.drop = True
    yield  # the next scan reads the FETs before it gives the permission back
    if not c.snap.fresh:
        raise Finding("no_monitor")
    left = c.snap.fets & BOTH
    if left == BOTH:
        raise Finding("off_pins_dead")
    if left:
        raise Finding("chg_off_pin_dead" if left & CHG else "dsg_off_pin_dead")
    return {}


def current(c):
    """Sign and size, against what a person's meter shows."""
    snap = c.snap
    c.fets = 0
    yield from c.wait(1000)
    zero_ma = snap.pack_ma
    if abs(zero_ma) > _ZERO_MA:
        raise Finding("current_offset", -1, zero_ma)
    yield from _close(c, BOTH)
    load_ma = yield from c.ask("load_ma", "ma")
    if load_ma < _LOAD_MA:
        raise Finding("load_small", -1, load_ma)
    read_ma = -snap.pack_ma
    _compare(c, read_ma, load_ma)
    charger_ma = yield from c.ask("charger_ma", "ma")
    result = {"zero_ma": zero_ma, "load_ma": load_ma, "load_read_ma": read_ma}
    if charger_ma:  # 0: there is none at hand
        _compare(c, snap.pack_ma, charger_ma)
        result["charger_ma"] = charger_ma
        result["charger_read_ma"] = snap.pack_ma
    c.fets = 0
    return result


def _compare(c, read_ma: int, true_ma: int) -> None:
    if abs(read_ma) < true_ma // 10:
        raise Finding("no_current", -1, read_ma)
    if read_ma < 0:
        raise Finding("shunt_reversed", -1, read_ma)
    if not true_ma * 3 // 4 <= read_ma <= true_ma * 4 // 3:
        # the shunt that would explain it; 20000 uohm and 32 A: within 2^30
        raise Finding("shunt_wrong", -1, c.config.shunt_uohm * (read_ma // 10) // (true_ma // 10))


def trips(c):
    """A limit on the wrong side of what is measured: the monitor trips, ALERT moves, the FET opens."""
    result = {}
    yield from _calm(c)  # a try before this one may just have tripped
    for name, bit, fet in TRIALS:
        result[name + "_ms"] = yield from _trip(c, name, bit, fet)
    return result


def _trip(c, name: str, bit: int, fet: int):
    """One of them, and back to the configured limit (generator); ms from the closed FET on."""
    snap = c.snap
    c.tight = name
    yield from c.wait(250)  # the monitor is told in the next scan
    if not (yield from c.until(lambda: c.ready, _START_MS)):
        raise Finding("not_verified")
    yield from _close(c, fet)
    hits = c.hits
    start_ms = c.now_ms
    if not (yield from c.until(lambda: snap.trips & bit and not snap.fets & fet, _START_MS)):
        raise Finding("no_trip_" + name, -1, snap.trips)
    if c.hits == hits:
        raise Finding("alert_open", -1, snap.alarm)
    took_ms = c.now_ms - start_ms
    yield from _calm(c)
    return took_ms


def _calm(c):
    """The configured limits, and nothing is tripped any more (generator)."""
    c.fets = 0
    c.tight = ""
    if not (yield from c.until(lambda: c.ready and not c.snap.trips, _START_MS)):
        raise Finding("trip_stays", -1, c.snap.trips)


def watchdog(c):
    """Silence on the bus: the monitor opens both FETs by itself, in its time."""
    limit_ms = c.config.host_watchdog_s * 1000
    yield from _close(c, BOTH)
    hits = c.hits
    c.mute_ms = limit_ms + 1000
    yield  # the next scan is the first after the silence
    if not c.snap.fresh:
        raise Finding("no_monitor")
    if c.snap.fets & BOTH:
        raise Finding("watchdog_dead", -1, c.snap.fets)
    if c.hits == hits:
        raise Finding("alert_open", -1, c.snap.alarm)
    if not limit_ms // 2 <= c.edge_ms <= limit_ms + 900:
        raise Finding("watchdog_time", -1, c.edge_ms)
    return {"ms": c.edge_ms}


def key(c):
    """Somebody has set a key: without one nobody can be told from the owner."""
    yield
    if c.has_key is not None and not c.has_key():
        raise Finding("no_key")
    return {}


TABLE = {
    "fets": fets,
    "pins": pins,
    "current": current,
    "trips": trips,
    "watchdog": watchdog,
    "key": key,
}
