"""Snapshot and pack state -> the numbers that the fault table compares."""

from bms.bits import PRECHARGE, SLEEP
from bms.faults import (
    Q_AGE_MS,
    Q_CELL_MAX_MV,
    Q_CELL_MIN_MV,
    Q_CFGBAD,
    Q_CHG_MA,
    Q_CHG_MEAN_MA,
    Q_CHIP_COV,
    Q_CHIP_CUV,
    Q_CHIP_HWD,
    Q_CHIP_OCC,
    Q_CHIP_OCD,
    Q_CHIP_PF,
    Q_CHIP_SCD,
    Q_CHIP_TEMP,
    Q_CHIP_TRIPS,
    Q_DIE_DDEGC,
    Q_DSG_MA,
    Q_DSG_MEAN_MA,
    Q_FET_DDEGC,
    Q_FET_STUCK,
    Q_INTERLOCK,
    Q_LATE_MS,
    Q_NTC_BAD,
    Q_OPENWIRE_MV,
    Q_RESET,
    Q_SPREAD_MV,
    Q_STACK_AVG_MV,
    Q_SUM_ERR_MV,
    Q_TEMP_MAX_DDEGC,
    Q_TEMP_MIN_DDEGC,
    Q_WELD_CHG_MA,
    Q_WELD_DSG_MA,
)
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
    (Q_CHIP_SCD, TRIP_SCD),
    (Q_CHIP_OCD, TRIP_OCD1 | TRIP_OCD2),
    (Q_CHIP_OCC, TRIP_OCC),
    (Q_CHIP_COV, TRIP_COV),
    (Q_CHIP_CUV, TRIP_CUV),
    (Q_CHIP_TEMP, _TEMP_TRIPS),
    (Q_CHIP_HWD, TRIP_HWD | TRIP_OVRD),
    (Q_CHIP_PF, TRIP_PF),
)


def fill_measured(q, snap, commanded: int, mode: int) -> None:
    """Quantities of a fresh snapshot. `commanded`: FETs the last scan left permitted."""
    ma = snap.pack_ma
    q[Q_CELL_MAX_MV] = snap.cell_max_mv
    q[Q_CELL_MIN_MV] = snap.cell_min_mv
    q[Q_STACK_AVG_MV] = snap.stack_mv // snap.cell_n
    q[Q_SPREAD_MV] = snap.cell_max_mv - snap.cell_min_mv
    q[Q_CHG_MA] = ma if ma > 0 else 0
    q[Q_DSG_MA] = -ma if ma < 0 else 0
    _fill_mean(q, ma)
    q[Q_TEMP_MAX_DDEGC] = snap.temp_max_ddegc
    q[Q_TEMP_MIN_DDEGC] = snap.temp_min_ddegc
    q[Q_FET_DDEGC] = snap.fet_ddegc
    q[Q_DIE_DDEGC] = snap.die_ddegc
    q[Q_SUM_ERR_MV] = abs(snap.cell_sum_mv - snap.stack_mv)
    q[Q_OPENWIRE_MV] = snap.openwire_mv
    q[Q_NTC_BAD] = 1 if snap.ntc_bad_i >= 0 else 0
    trips = snap.trips
    if mode == SLEEP:  # scans are rarer than the monitor's host watchdog, and both FETs are off
        trips &= ~TRIP_HWD
    if trips != q[Q_CHIP_TRIPS]:
        q[Q_CHIP_TRIPS] = trips
        for i in range(len(_CHIP)):
            row = _CHIP[i]
            q[row[0]] = 1 if trips & row[1] else 0
    _fill_fets(q, snap, commanded, mode)


def _fill_mean(q, ma: int) -> None:
    """A sixteenth of the way to this reading, rounded away from the mean: it arrives."""
    mean = q[Q_CHG_MEAN_MA] - q[Q_DSG_MEAN_MA]
    mean += (ma - mean + (15 if ma > mean else 0)) // 16
    q[Q_CHG_MEAN_MA] = mean if mean > 0 else 0
    q[Q_DSG_MEAN_MA] = -mean if mean < 0 else 0


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
    q[Q_WELD_CHG_MA] = ma if off & CHG and ma > 0 else 0
    q[Q_WELD_DSG_MA] = -ma if off & DSG and ma < 0 else 0
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
    q[Q_FET_STUCK] = 1 if differs and commanded >= 0 else 0


def fill_system(q, snap, deaf_ms: int, late_ms: int, armed: bool, cfgbad: bool) -> None:
    """Quantities that are known without the monitor's answer.

    `deaf_ms`: for so long it has not taken a FET command; it may still answer.
    """
    q[Q_AGE_MS] = max(snap.age_ms, deaf_ms)
    q[Q_LATE_MS] = late_ms
    lost = armed and snap.fresh and snap.flags & (FLAG_RESET | FLAG_CONFIG)
    q[Q_RESET] = 1 if lost else 0
    q[Q_CFGBAD] = 1 if cfgbad else 0
    q[Q_INTERLOCK] = 1 if snap.interlock_open else 0
