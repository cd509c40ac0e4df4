"""Snapshot and pack state -> the numbers that the fault table compares."""

from bms import faults
from bms.bits import PRECHARGE, SLEEP
from roles import (
    BOTH,
    CHG,
    DSG,
    FLAG_CONFIG,
    FLAG_RESET,
    FLAG_SLEEP,
    TRIP_COV,
    TRIP_CUV,
    TRIP_HWD,
    TRIP_OCC,
    TRIP_OCD1,
    TRIP_OCD2,
    TRIP_OTC,
    TRIP_OTD,
    TRIP_OTF,
    TRIP_OTINT,
    TRIP_OVRD,
    TRIP_PF,
    TRIP_SCD,
    TRIP_UTC,
    TRIP_UTD,
)

_TEMP_TRIPS = TRIP_OTC | TRIP_OTD | TRIP_UTC | TRIP_UTD | TRIP_OTF | TRIP_OTINT

# chip facts: quantity, bits of the chip's trip word
_CHIP = (
    (faults.Q_CHIP_SCD, TRIP_SCD),
    (faults.Q_CHIP_OCD, TRIP_OCD1 | TRIP_OCD2),
    (faults.Q_CHIP_OCC, TRIP_OCC),
    (faults.Q_CHIP_COV, TRIP_COV),
    (faults.Q_CHIP_CUV, TRIP_CUV),
    (faults.Q_CHIP_TEMP, _TEMP_TRIPS),
    (faults.Q_CHIP_HWD, TRIP_HWD | TRIP_OVRD),
    (faults.Q_CHIP_PF, TRIP_PF),
)


def fill_measured(q, snap, commanded: int, mode: int) -> None:
    """Quantities of a fresh snapshot. `commanded`: FETs the last scan left permitted."""
    ma = snap.pack_ma
    q[faults.Q_CELL_MAX_MV] = snap.cell_max_mv
    q[faults.Q_CELL_MIN_MV] = snap.cell_min_mv
    q[faults.Q_STACK_AVG_MV] = snap.stack_mv // snap.cell_n
    q[faults.Q_SPREAD_MV] = snap.cell_max_mv - snap.cell_min_mv
    q[faults.Q_CHG_MA] = ma if ma > 0 else 0
    q[faults.Q_DSG_MA] = -ma if ma < 0 else 0
    _fill_mean(q, ma)
    q[faults.Q_TEMP_MAX_DDEGC] = snap.temp_max_ddegc
    q[faults.Q_TEMP_MIN_DDEGC] = snap.temp_min_ddegc
    q[faults.Q_FET_DDEGC] = snap.fet_ddegc
    q[faults.Q_DIE_DDEGC] = snap.die_ddegc
    q[faults.Q_SUM_ERR_MV] = abs(snap.cell_sum_mv - snap.stack_mv)
    q[faults.Q_OPENWIRE_MV] = snap.openwire_mv
    q[faults.Q_NTC_BAD] = 1 if snap.ntc_bad_i >= 0 else 0
    trips = snap.trips
    if mode == SLEEP:  # scans are rarer than the monitor's host watchdog, and both FETs are off
        trips &= ~TRIP_HWD
    if trips != q[faults.Q_CHIP_TRIPS]:
        q[faults.Q_CHIP_TRIPS] = trips
        for i in range(len(_CHIP)):
            row = _CHIP[i]
            q[row[0]] = 1 if trips & row[1] else 0
    _fill_fets(q, snap, commanded, mode)


def _fill_mean(q, ma: int) -> None:
    """A sixteenth of the way to this reading, rounded away from the mean: it arrives."""
    mean = q[faults.Q_CHG_MEAN_MA] - q[faults.Q_DSG_MEAN_MA]
    mean += (ma - mean + (15 if ma > mean else 0)) // 16
    q[faults.Q_CHG_MEAN_MA] = mean if mean > 0 else 0
    q[faults.Q_DSG_MEAN_MA] = -mean if mean < 0 else 0


def _fill_fets(q, snap, commanded: int, mode: int) -> None:
    """Welded: current flows that way though the FET is off, by command and by the chip's word.

    Stuck: a FET is on that should be off, or off that should be on. Not stuck: what the chip's own
    trip opened, CHG open in the chip's sleep, DSG while it precharges, and a series FET that the
    chip closes so that current the other way does not heat its body diode (TI SLUUBY2B, SFET). A
    command that did not get through (-1) accuses the bus, not the FET.
    """
    ma = snap.pack_ma
    fets = snap.fets
    off = ~(fets | commanded)
    q[faults.Q_WELD_CHG_MA] = ma if off & CHG and ma > 0 else 0
    q[faults.Q_WELD_DSG_MA] = -ma if off & DSG and ma < 0 else 0
    differs = (fets ^ commanded) & BOTH
    if snap.trips:
        differs &= fets
    if snap.flags & FLAG_SLEEP:
        differs &= ~(CHG & commanded)
    if mode == PRECHARGE:
        differs &= ~(DSG & commanded)
    if commanded & BOTH == DSG and ma < 0:
        differs &= ~(CHG & fets)
    elif commanded & BOTH == CHG and ma > 0:
        differs &= ~(DSG & fets)
    q[faults.Q_FET_STUCK] = 1 if differs and commanded >= 0 else 0


def fill_system(q, snap, deaf_ms: int, late_ms: int, armed: bool, cfgbad: bool) -> None:
    """Quantities that are known without the monitor's answer.

    `deaf_ms`: for so long it has not taken a FET command; it may still answer.
    """
    q[faults.Q_AGE_MS] = max(snap.age_ms, deaf_ms)
    q[faults.Q_LATE_MS] = late_ms
    lost = armed and snap.fresh and snap.flags & (FLAG_RESET | FLAG_CONFIG)
    q[faults.Q_RESET] = 1 if lost else 0
    q[faults.Q_CFGBAD] = 1 if cfgbad else 0
    q[faults.Q_INTERLOCK] = 1 if snap.interlock_open else 0
