"""Steps of commissioning with the FETs off: monitor, cells, sensors, and what each mistake looks like.

A generator each: yields once a scan, returns what goes into the report, raises `Finding`.
"""

from micropython import const

from bms.finding import Finding

_START_MS = const(20000)  # for a monitor to be armed and verified
_SETTLE_MS = const(2500)  # the monitor bleeds from its next second on
_EMPTY_MV = const(500)  # less is no cell
_BLEED_LO_MV = const(2)  # what a cell falls by its own bleed current through the wires
_BLEED_HI_MV = const(250)  # a wire that carries the current of the monitor, but not this one
_SAG_MV = const(4)  # a cell that is loaded
_WARM_DDEGC = const(15)  # a sensor that is held
_HAND_MS = const(600000)  # for a person to do what was asked


def part(c):
    """The monitor answers, is the right part, and keeps what was written to it."""
    if (yield from c.until(lambda: c.ready, _START_MS)):
        return {}
    raise Finding("not_verified" if c.snap.good_n else "no_monitor")


def cells(c):
    """As many cells as configured, each in its place."""
    yield from c.wait(_SETTLE_MS)
    snap = c.snap
    n = snap.cell_n
    mean = snap.stack_mv // n
    for i in range(n):
        if snap.cell_mv[i] < -_EMPTY_MV:
            raise Finding("wires_swapped", i, snap.cell_mv[i])
    for i in range(n):
        if abs(snap.cell_mv[i]) < _EMPTY_MV:
            raise Finding("cell_missing", i, snap.cell_mv[i])
    error_mv = snap.stack_mv - snap.cell_sum_mv
    if error_mv > mean // 2:
        raise Finding("cell_n_small", -1, error_mv)
    if snap.openwire_mv >= c.config.openwire_mv:
        raise Finding("wire_open", snap.openwire_i, snap.openwire_mv)
    if abs(error_mv) >= c.config.sum_tol_mv:
        raise Finding("sum_wrong", -1, error_mv)
    return {"mv": list(snap.cell_mv), "stack_mv": snap.stack_mv}


def bleed(c):
    """Each cell bled alone: its wires carry current, its resistor is there."""
    snap = c.snap
    falls = []
    for i in range(snap.cell_n):
        c.bleed = 0
        yield from c.wait(_SETTLE_MS)
        before = list(snap.cell_mv)
        c.bleed = 1 << i
        yield from c.wait(_SETTLE_MS)
        fall_mv = before[i] - snap.cell_mv[i]
        if abs(fall_mv) >= _BLEED_HI_MV:
            raise Finding("bleed_wire_open", i, fall_mv)
        if fall_mv < _BLEED_LO_MV:
            raise Finding("no_bleed", i, fall_mv)
        falls.append(fall_mv)
    c.bleed = 0
    yield from c.wait(_SETTLE_MS)
    return {"fall_mv": falls}


def order(c):
    """Each cell loaded by hand: the reading that moves must be its own."""
    for i in range(c.snap.cell_n):
        yield from _load(c, i)
    c.said()
    return {}


def _load(c, i: int):
    """Ask for a load at this cell, and for its end (generator)."""
    now = c.snap.cell_mv
    before = list(now)

    def moved():
        return _fallen(before, now) >= 0

    c.say("load_cell", i)
    if not (yield from c.until(moved, _HAND_MS)):
        raise Finding("no_cell_moved", i)
    yield from c.wait(500)
    found = _fallen(before, now)
    if found != i:
        raise Finding("cells_swapped", i, found + 1)
    c.say("unload_cell", i)
    if not (yield from c.until(lambda: not moved(), _HAND_MS)):
        raise Finding("cell_stays_low", i)


def _fallen(before, now) -> int:
    """The cell that fell most, beyond what all fell; -1 = none clearly."""
    falls = [before[i] - now[i] for i in range(len(before))]
    common = sorted(falls)[len(falls) // 2]
    best = max(falls)
    return falls.index(best) if best - common >= _SAG_MV else -1


def ntcs(c):
    """Each sensor held between two fingers."""
    snap = c.snap
    yield from c.wait(500)
    if snap.ntc_bad_i >= 0:
        if snap.ntc_bad_i == snap.ntc_n:
            raise Finding("fet_ntc_missing")
        raise Finding("ntc_missing", snap.ntc_bad_i)
    for i in range(snap.ntc_n):
        yield from _warm(c, i)
    return {"ddegc": list(snap.temp_ddegc)}


def _warm(c, i: int):
    """Ask for a warm hand at this sensor (generator)."""
    now = c.snap.temp_ddegc
    before = list(now)
    c.say("warm_ntc", i)
    if not (yield from c.until(lambda: _warmed(before, now) >= 0, _HAND_MS)):
        raise Finding("no_ntc_moved", i)
    found = _warmed(before, now)
    if found != i:
        raise Finding("ntcs_swapped", i, found + 1)
    c.said()


def _warmed(before, now) -> int:
    rises = [now[i] - before[i] for i in range(len(now))]
    best = max(rises)
    return rises.index(best) if best >= _WARM_DDEGC else -1


TABLE = {
    "part": part,
    "cells": cells,
    "bleed": bleed,
    "order": order,
    "ntcs": ntcs,
}
