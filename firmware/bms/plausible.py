"""Do the readings make sense together? Pure arithmetic over a snapshot.

An open sense wire between two cells splits their sum wrongly: one reads low and its neighbour high by
the same amount, while the sum with the rest stays right (TI SLUA application notes; seen by every peer
that lacks the check as a burst of glitches). A cell outside what chemistry allows is the same fault.
"""

from array import array

from micropython import const

from fast import extremes
from roles import TEMP_NONE

_CERTAIN_MV = const(10000)
_found = array("i", [0] * 3)  # highest cell, lowest, sum


def openwire_mv(snap, lo_mv: int, hi_mv: int) -> int:
    """Evidence for an open sense wire in mV; also sets `snap.openwire_i`."""
    cells = snap.cell_mv
    n = snap.cell_n
    mean = snap.cell_sum_mv // n
    # An end wire has one neighbour only: what its cell loses is missing from the sum.
    best = min(abs(cells[0] - mean), abs(snap.cell_sum_mv - snap.stack_mv))
    snap.openwire_i = 0
    other = min(abs(cells[n - 1] - mean), abs(snap.cell_sum_mv - snap.stack_mv))
    if other > best:
        best = other
        snap.openwire_i = n - 1
    before = 0
    for i in range(n):
        mv = cells[i]
        if mv < lo_mv or mv > hi_mv:
            snap.openwire_i = i
            return _CERTAIN_MV
        away = mv - mean
        if (away > 0) != (before > 0):
            score = min(abs(away), abs(before))
            if score > best:
                best = score
                snap.openwire_i = i
        before = away
    return best


def derive(snap, config) -> None:
    """Fill the derived part of a fresh snapshot."""
    cells = snap.cell_mv
    extremes(cells, _found, snap.cell_n)
    high = snap.cell_max_mv = _found[0]
    low = snap.cell_min_mv = _found[1]
    snap.cell_sum_mv = _found[2]
    if cells[snap.cell_max_i] != high:
        snap.cell_max_i = _where(cells, high)
    if cells[snap.cell_min_i] != low:
        snap.cell_min_i = _where(cells, low)
    lo_mv = config.openwire_lo_mv
    hi_mv = config.openwire_hi_mv
    if high - low < config.openwire_clear_mv and low >= lo_mv and high <= hi_mv:
        snap.openwire_mv = (
            0  # no swing can be larger than the spread: the usual case, without a look
        )
    else:
        snap.openwire_mv = openwire_mv(snap, lo_mv, hi_mv)
    error_mv = abs(snap.cell_sum_mv - snap.stack_mv)
    snap.plausible = snap.openwire_mv < config.openwire_mv and error_mv < config.sum_tol_mv
    _derive_temps(snap, config.ntc_open_ddegc, config.ntc_short_ddegc)
    _derive_outside(snap, config.idle_ma)


def _where(values, value: int) -> int:
    """The first place that holds this value; it is there."""
    i = 0
    while values[i] != value:
        i += 1
    return i


def _derive_temps(snap, open_ddegc: int, short_ddegc: int) -> None:
    temps = snap.temp_ddegc
    snap.ntc_bad_i = -1
    high = TEMP_NONE
    low = -TEMP_NONE
    for i in range(snap.ntc_n):
        temp = temps[i]
        if temp <= open_ddegc or temp >= short_ddegc:
            if snap.ntc_bad_i < 0:
                snap.ntc_bad_i = i
            continue
        if temp > high:
            high = temp
            snap.temp_max_i = i
        if temp < low:
            low = temp
            snap.temp_min_i = i
    fet = snap.fet_ddegc
    if snap.ntc_bad_i < 0 and fet != TEMP_NONE and (fet <= open_ddegc or fet >= short_ddegc):
        snap.ntc_bad_i = snap.ntc_n
    snap.temp_max_ddegc = high
    snap.temp_min_ddegc = low if high != TEMP_NONE else TEMP_NONE


_CHARGER_MV = const(300)  # terminals this far above the stack: somebody drives them


def _derive_outside(snap, idle_ma: int) -> None:
    """What hangs on the terminals. With the FETs closed only the current can tell."""
    ma = snap.pack_ma
    snap.charger = ma > idle_ma or snap.pack_mv > snap.stack_mv + _CHARGER_MV
    snap.load = ma < -idle_ma or snap.ld_mv < snap.stack_mv // 2
