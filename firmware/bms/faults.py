"""The fault table: same rule, same row. `protect` runs it, nothing here does anything.

A row trips when its quantity has been at or beyond `trip` since a reading `delay` ago, so with any
delay above zero one wild reading does nothing; it clears the same way at or inside `clear` after
`CLEAR_MS`, never earlier than `hold` after the trip. Rows with delay 0 are facts the monitor chip has
qualified itself. `trip`, `clear`, `delay` and `hold` are a field name or a number.
"""

from micropython import const

from roles import BOTH, CHG, DSG

CLEAR_MS = const(1000)
LATE_CLEAR_MS = const(100)  # ordinary jitter (collection, flash) must not keep `late` alive

# quantities: index into the array that `quantities.fill` writes each scan
Q_CELL_MAX_MV = const(0)
Q_CELL_MIN_MV = const(1)
Q_STACK_AVG_MV = const(2)
Q_SPREAD_MV = const(3)
Q_CHG_MA = const(4)  # charging current, 0 while discharging
Q_DSG_MA = const(5)  # discharging current, 0 while charging
Q_TEMP_MAX_DDEGC = const(6)
Q_TEMP_MIN_DDEGC = const(7)
Q_FET_DDEGC = const(8)
Q_DIE_DDEGC = const(9)
Q_AGE_MS = const(10)
Q_LATE_MS = const(11)
Q_SUM_ERR_MV = const(12)
Q_OPENWIRE_MV = const(13)
Q_NTC_BAD = const(14)
Q_CHIP_SCD = const(15)
Q_CHIP_OCD = const(16)
Q_CHIP_OCC = const(17)
Q_CHIP_COV = const(18)
Q_CHIP_CUV = const(19)
Q_CHIP_TEMP = const(20)
Q_CHIP_HWD = const(21)
Q_CHIP_PF = const(22)
Q_RESET = const(23)  # monitor lost its configuration or is in configuration mode
Q_CFGBAD = const(24)  # verification found a difference and no whole pass since
Q_WELD_CHG_MA = const(25)  # charging current while CHG is commanded and reported off
Q_WELD_DSG_MA = const(26)
Q_FET_STUCK = const(27)  # a FET is not what was commanded, and the chip's own trip is not why
Q_PRECHARGE_FAIL = const(28)  # tries used up
Q_INTERLOCK = const(29)
Q_CUTOFF_DEAD = const(30)  # interrupt cut-off is not armed
Q_CHIP_TRIPS = const(31)  # the whole word that the Q_CHIP_* were made of
Q_CHG_MEAN_MA = const(32)  # of some four seconds: what ripples across a limit has its mean over it
Q_DSG_MEAN_MA = const(33)
Q_N = const(34)

ABOVE = const(1)
BELOW = const(-1)

# how a row ends, besides its clear value
AUTO = const(0)
LATCH = const(1)  # stays until a person clears it
NO_LOAD = const(2)  # load must be gone too
LOAD_GONE = const(4)  # load gone ends the hold time early
CHARGER_GONE = const(8)  # charger gone ends the hold time early
OC_LOCK = const(16)  # locks after oc_lock_n trips
SC_LOCK = const(32)  # locks after sc_lock_n trips
ACK = const(64)  # a latched row whose clear request only allows charging until it ends by itself

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

ROW_N = len(ROWS)


def row_index(name: str) -> int:
    """Position of a row by name; `ValueError` when there is none."""
    for i in range(ROW_N):
        if ROWS[i][NAME] == name:
            return i
    raise ValueError(name)


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
