"""The words of the fault table, `bms.fault_rows`: quantities, how rows end, and their names."""

from micropython import const

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

# What a running device still needs of the table, `bms.fault_rows`: its names, in order, and how many there are.
NAMES: str = (
    "cov_warn cov cov_lock cuv_warn cuv dead pov puv imbal_warn imbal occ1 occ2 ocd1 ocd2 "
    "scd chip_ocd chip_occ chip_cov chip_cuv chip_temp hwd pf utc otc utd otd otf otint ntc "
    "mismatch openwire stale late reset cfgbad weld_chg weld_dsg fet precharge interlock "
    "cutoff occ_mean ocd_mean"
)
ROW_N = NAMES.count(" ") + 1
ROWS_BYTES = 22 * ROW_N  # of `fault_rows.resolved`


def row_index(name: str) -> int:
    """Position of a row by name; `ValueError` when there is none."""
    return NAMES.split(" ").index(name)
