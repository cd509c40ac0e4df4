"""The fault table: same rule, same row. `protect` runs it.

A row trips when its quantity has been at or beyond `trip` since a reading `delay` ago, so with any
delay above zero one wild reading does nothing; it clears the same way at or inside `clear` after
`CLEAR_MS`, never earlier than `hold` after the trip. Rows with delay 0 are facts the monitor chip has
qualified itself. `trip`, `clear`, `delay` and `hold` are a field name or a number. A device
needs the table only where a start finds nothing resolved in `config.rows`, and forgets it then.
"""

import struct

from micropython import const

from bms.faults import (
    ABOVE,
    ACK,
    AUTO,
    BELOW,
    CHARGER_GONE,
    LATCH,
    LATE_CLEAR_MS,
    LOAD_GONE,
    NO_LOAD,
    OC_LOCK,
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
    Q_CUTOFF_DEAD,
    Q_DIE_DDEGC,
    Q_DSG_MA,
    Q_DSG_MEAN_MA,
    Q_FET_DDEGC,
    Q_FET_STUCK,
    Q_INTERLOCK,
    Q_LATE_MS,
    Q_NTC_BAD,
    Q_OPENWIRE_MV,
    Q_PRECHARGE_FAIL,
    Q_RESET,
    Q_SPREAD_MV,
    Q_STACK_AVG_MV,
    Q_SUM_ERR_MV,
    Q_TEMP_MAX_DDEGC,
    Q_TEMP_MIN_DDEGC,
    Q_WELD_CHG_MA,
    Q_WELD_DSG_MA,
    ROW_N,
    ROWS_BYTES,
    SC_LOCK,
)
from roles import BOTH, CHG, DSG

# columns
NAME = const(0)
QUANTITY = const(1)
SENSE = const(2)
TRIP = const(3)
CLEAR = const(4)
DELAY = const(5)
HOLD = const(6)
BLOCKS = const(7)
END = const(8)

# fmt: off
ROWS = (
    # name, quantity, sense, trip, clear, delay, hold, blocks, end
    ("cov_warn", Q_CELL_MAX_MV, ABOVE, "cov_warn_mv", "cov_warn_clear_mv", "cov_warn_ms", 0, 0, AUTO),
    ("cov", Q_CELL_MAX_MV, ABOVE, "cov_mv", "cov_clear_mv", "cov_ms", 0, CHG, AUTO),
    ("cov_lock", Q_CELL_MAX_MV, ABOVE, "cov_lock_mv", "cov_clear_mv", "cov_lock_ms", 0, BOTH, LATCH),
    ("cuv_warn", Q_CELL_MIN_MV, BELOW, "cuv_warn_mv", "cuv_warn_clear_mv", "cuv_warn_ms", 0, 0, AUTO),
    ("cuv", Q_CELL_MIN_MV, BELOW, "cuv_mv", "cuv_clear_mv", "cuv_ms", 0, DSG, AUTO),
    ("dead", Q_CELL_MIN_MV, BELOW, "dead_mv", "dead_clear_mv", "dead_ms", 0, BOTH, LATCH | ACK),
    ("pov", Q_STACK_AVG_MV, ABOVE, "pov_cell_mv", "pov_clear_mv", "pack_ms", 0, CHG, AUTO),
    ("puv", Q_STACK_AVG_MV, BELOW, "puv_cell_mv", "puv_clear_mv", "pack_ms", 0, DSG, AUTO),
    ("imbal_warn", Q_SPREAD_MV, ABOVE, "spread_warn_mv", "spread_warn_clear_mv", "spread_ms", 0, 0, AUTO),
    ("imbal", Q_SPREAD_MV, ABOVE, "spread_mv", "spread_clear_mv", "spread_ms", 0, CHG, AUTO),
    ("occ1", Q_CHG_MA, ABOVE, "occ1_ma", "idle_ma", "occ1_ms", "oc_hold_ms", CHG, CHARGER_GONE | OC_LOCK),
    ("occ2", Q_CHG_MA, ABOVE, "occ2_ma", "idle_ma", "occ2_ms", "oc_hold_ms", CHG, CHARGER_GONE | OC_LOCK),
    ("ocd1", Q_DSG_MA, ABOVE, "ocd1_ma", "idle_ma", "ocd1_ms", "oc_hold_ms", DSG, LOAD_GONE | OC_LOCK),
    ("ocd2", Q_DSG_MA, ABOVE, "ocd2_ma", "idle_ma", "ocd2_ms", "oc_hold_ms", DSG, LOAD_GONE | OC_LOCK),
    ("scd", Q_CHIP_SCD, ABOVE, 1, 0, 0, "sc_hold_ms", BOTH, NO_LOAD | SC_LOCK),
    ("chip_ocd", Q_CHIP_OCD, ABOVE, 1, 0, 0, "oc_hold_ms", DSG, LOAD_GONE | OC_LOCK),
    ("chip_occ", Q_CHIP_OCC, ABOVE, 1, 0, 0, "oc_hold_ms", CHG, CHARGER_GONE | OC_LOCK),
    ("chip_cov", Q_CHIP_COV, ABOVE, 1, 0, 0, 0, CHG, AUTO),
    ("chip_cuv", Q_CHIP_CUV, ABOVE, 1, 0, 0, 0, DSG, AUTO),
    ("chip_temp", Q_CHIP_TEMP, ABOVE, 1, 0, 0, 0, 0, AUTO),
    ("hwd", Q_CHIP_HWD, ABOVE, 1, 0, 0, 0, BOTH, AUTO),
    ("pf", Q_CHIP_PF, ABOVE, 1, 0, 0, 0, BOTH, LATCH),
    ("utc", Q_TEMP_MIN_DDEGC, BELOW, "utc_ddegc", "utc_clear_ddegc", "temp_ms", 0, CHG, AUTO),
    ("otc", Q_TEMP_MAX_DDEGC, ABOVE, "otc_ddegc", "otc_clear_ddegc", "temp_ms", 0, CHG, AUTO),
    ("utd", Q_TEMP_MIN_DDEGC, BELOW, "utd_ddegc", "utd_clear_ddegc", "temp_ms", 0, DSG, AUTO),
    ("otd", Q_TEMP_MAX_DDEGC, ABOVE, "otd_ddegc", "otd_clear_ddegc", "temp_ms", 0, DSG, AUTO),
    ("otf", Q_FET_DDEGC, ABOVE, "otf_ddegc", "otf_clear_ddegc", "temp_ms", 0, BOTH, AUTO),
    ("otint", Q_DIE_DDEGC, ABOVE, "otint_ddegc", "otint_clear_ddegc", "temp_ms", 0, BOTH, AUTO),
    ("ntc", Q_NTC_BAD, ABOVE, 1, 0, "ntc_ms", 0, BOTH, AUTO),
    ("mismatch", Q_SUM_ERR_MV, ABOVE, "sum_tol_mv", "sum_clear_mv", "sum_ms", 0, BOTH, AUTO),
    ("openwire", Q_OPENWIRE_MV, ABOVE, "openwire_mv", "openwire_clear_mv", "openwire_ms", 0, BOTH, AUTO),
    ("stale", Q_AGE_MS, ABOVE, "stale_ms", 0, 0, 0, BOTH, AUTO),
    ("late", Q_LATE_MS, ABOVE, "late_ms", LATE_CLEAR_MS, 0, 0, BOTH, AUTO),
    ("reset", Q_RESET, ABOVE, 1, 0, 0, 0, BOTH, AUTO),
    ("cfgbad", Q_CFGBAD, ABOVE, 1, 0, 0, 0, BOTH, AUTO),
    ("weld_chg", Q_WELD_CHG_MA, ABOVE, "weld_ma", "idle_ma", "weld_ms", 0, BOTH, LATCH),
    ("weld_dsg", Q_WELD_DSG_MA, ABOVE, "weld_ma", "idle_ma", "weld_ms", 0, BOTH, LATCH),
    ("fet", Q_FET_STUCK, ABOVE, 1, 0, "fet_ms", 0, BOTH, LATCH),
    ("precharge", Q_PRECHARGE_FAIL, ABOVE, 1, 0, 0, 0, DSG, LATCH),
    ("interlock", Q_INTERLOCK, ABOVE, 1, 0, 0, 0, BOTH, AUTO),
    ("cutoff", Q_CUTOFF_DEAD, ABOVE, 1, 0, 0, 0, BOTH, SC_LOCK),
    ("occ_mean", Q_CHG_MEAN_MA, ABOVE, "occ1_ma", "idle_ma", "occ1_ms", "oc_hold_ms", CHG, CHARGER_GONE | OC_LOCK),
    ("ocd_mean", Q_DSG_MEAN_MA, ABOVE, "ocd1_ma", "idle_ma", "ocd1_ms", "oc_hold_ms", DSG, LOAD_GONE | OC_LOCK),
)
# fmt: on

# Quantities that are known although the monitor did not answer. All other rows wait for a fresh scan.
SYSTEM_QUANTITIES = (
    Q_AGE_MS,
    Q_LATE_MS,
    Q_RESET,
    Q_CFGBAD,
    Q_PRECHARGE_FAIL,
    Q_INTERLOCK,
    Q_CUTOFF_DEAD,
)


def resolved(config) -> bytes:
    """Field names -> numbers of this configuration. Column by column, a byte a row: quantity, is it one of the
    system's, what it blocks, how it ends, trips until it locks, sense; then four bytes a row, so that more is
    always worse: trip, clear, delay, hold.
    """
    rows = bytearray(ROWS_BYTES)
    for i in range(ROW_N):
        _, quantity, sense, trip, clear, delay, hold, blocks, end = ROWS[i]
        rows[i] = quantity
        rows[ROW_N + i] = quantity in SYSTEM_QUANTITIES
        rows[2 * ROW_N + i] = blocks
        rows[3 * ROW_N + i] = end
        if end & OC_LOCK:
            rows[4 * ROW_N + i] = config.oc_lock_n
        elif end & SC_LOCK:
            rows[4 * ROW_N + i] = config.sc_lock_n
        rows[5 * ROW_N + i] = sense & 0xFF
        at = 6 * ROW_N + 4 * i
        struct.pack_into("<i", rows, at, _number(config, trip) * sense)
        struct.pack_into("<i", rows, at + 4 * ROW_N, _number(config, clear) * sense)
        struct.pack_into("<i", rows, at + 8 * ROW_N, _number(config, delay))
        struct.pack_into("<i", rows, at + 12 * ROW_N, _number(config, hold))
    return bytes(rows)


def _number(config, cell) -> int:
    """A cell of the table: a field's name, or the number itself."""
    return getattr(config, cell) if isinstance(cell, str) else cell
