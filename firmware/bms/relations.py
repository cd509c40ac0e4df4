"""What belongs together in a configuration: defaults that follow from other fields, and limits in order.

Data for `config`. A relation reads: lesser, gap, greater; sums are written out, and seconds compare
with milliseconds as milliseconds.
"""

from micropython import const

BELOW = const(1)
AT_MOST = const(0)
_STEP = const(51)  # mV, one step of a BQ769x2 voltage threshold: no rounding undoes the order


def _rated_ma(v) -> int:
    """1C of the cells or the board's rating, whichever is smaller."""
    return min(v["capacity_mah"], v["board_ma"])


# Defaults that follow from other fields, in order; each is then clamped to its envelope.
# Products stay below 1e6 * 11. At the table's defaults they give the table's defaults.
DERIVED = (
    ("occ1_ma", lambda v: min(v["capacity_mah"] // 2, v["board_ma"] * 11 // 10)),
    ("occ2_ma", lambda v: min(v["capacity_mah"], v["board_ma"] * 2)),
    ("ocd1_ma", lambda v: _rated_ma(v) * 11 // 10),
    ("ocd2_ma", lambda v: _rated_ma(v) * 2),
    ("scd_ma", lambda v: _rated_ma(v) * 3),
    ("ccl_ma", lambda v: min(v["board_ma"], v["occ1_ma"] * 9 // 10)),
    ("dcl_ma", lambda v: min(_rated_ma(v), v["ocd1_ma"] * 10 // 11)),
    ("stale_ms", lambda v: max(1000, v["scan_ms"] * 2)),
    ("late_ms", lambda v: min(1000, v["host_watchdog_s"] * 1000 - v["scan_ms"] - 250)),
    ("sum_tol_mv", lambda v: v["cell_n"] * 25),
    ("sum_clear_mv", lambda v: v["sum_tol_mv"] // 2),
    ("openwire_clear_mv", lambda v: v["openwire_mv"] * 3 // 5),
    ("bal_max_n", lambda v: min(8, (v["cell_n"] + 1) // 2)),  # never two neighbours
)

RELATIONS = (
    # the scan: readings age twice before they are stale, and the chip waits longer than we may be late
    ("scan_ms", AT_MOST, "sleep_scan_ms"),
    ("scan_ms + scan_ms", AT_MOST, "stale_ms"),
    ("stale_ms", AT_MOST, "host_watchdog_s"),
    ("scan_ms + late_ms", BELOW, "host_watchdog_s"),
    # a cell, from empty to full
    ("openwire_lo_mv", BELOW, "dead_mv"),
    ("dead_mv", BELOW, "chip_cuv_mv"),
    ("dead_mv", BELOW, "dead_clear_mv"),
    ("dead_clear_mv", AT_MOST, "cuv_clear_mv"),
    ("chip_cuv_mv", AT_MOST, "shutdown_mv"),
    ("chip_cuv_mv", _STEP, "cuv_mv"),
    ("shutdown_mv", BELOW, "cuv_mv"),
    ("shutdown_mv", BELOW, "puv_cell_mv"),
    ("cuv_mv", BELOW, "cuv_warn_mv"),
    ("cuv_mv", BELOW, "cuv_clear_mv"),
    ("cuv_mv", BELOW, "dcl_taper_mv"),
    ("cuv_mv", AT_MOST, "empty_mv"),  # the empty anchor must come before what ends discharging
    ("puv_cell_mv", AT_MOST, "empty_mv"),
    ("puv_cell_mv", BELOW, "puv_clear_mv"),
    ("cuv_warn_mv", BELOW, "cuv_warn_clear_mv"),
    ("cuv_clear_mv", BELOW, "cov_clear_mv"),
    ("puv_clear_mv", BELOW, "pov_clear_mv"),
    ("dcl_taper_mv", BELOW, "ccl_taper_mv"),
    ("empty_mv", BELOW, "full_mv"),
    ("bal_stop_mv", BELOW, "bal_start_mv"),
    ("bal_start_mv", AT_MOST, "cvl_cell_mv"),
    ("full_mv", AT_MOST, "cvl_cell_mv"),
    ("cvl_cell_mv", AT_MOST, "cov_warn_mv"),
    ("cvl_cell_mv", BELOW, "pov_cell_mv"),
    ("ccl_taper_mv", BELOW, "cov_warn_mv"),
    ("cov_warn_clear_mv", BELOW, "cov_warn_mv"),
    ("cov_warn_mv", BELOW, "cov_mv"),
    ("cov_clear_mv", BELOW, "cov_mv"),
    ("pov_clear_mv", BELOW, "pov_cell_mv"),
    ("pov_cell_mv", AT_MOST, "cov_mv"),
    ("cov_mv", _STEP, "chip_cov_mv"),
    ("chip_cov_mv", _STEP, "cov_lock_mv"),
    ("cov_lock_mv", BELOW, "openwire_hi_mv"),
    # cells against each other and against the stack
    ("spread_warn_clear_mv", BELOW, "spread_warn_mv"),
    ("spread_warn_mv", BELOW, "spread_mv"),
    ("spread_clear_mv", BELOW, "spread_mv"),
    ("sum_clear_mv", BELOW, "sum_tol_mv"),
    ("sum_tol_mv", BELOW, "dead_mv"),  # a cell that is not counted must show
    ("openwire_clear_mv", BELOW, "openwire_mv"),
    # currents: what is offered, trip, strong trip, short
    ("idle_ma", BELOW, "occ1_ma"),
    ("idle_ma", BELOW, "ocd1_ma"),
    ("idle_ma", BELOW, "weld_ma"),
    ("ccl_ma", AT_MOST, "board_ma"),
    ("dcl_ma", AT_MOST, "board_ma"),
    ("ccl_ma", BELOW, "occ1_ma"),
    ("dcl_ma", BELOW, "ocd1_ma"),
    ("occ1_ma", BELOW, "occ2_ma"),
    ("ocd1_ma", BELOW, "ocd2_ma"),
    ("ocd2_ma", BELOW, "scd_ma"),
    ("occ2_ms", AT_MOST, "occ1_ms"),
    ("ocd2_ms", AT_MOST, "ocd1_ms"),
    # temperatures, from cold to hot
    ("ntc_open_ddegc", BELOW, "utd_ddegc"),
    ("utd_ddegc", AT_MOST, "utc_ddegc"),
    ("utd_ddegc", BELOW, "utd_clear_ddegc"),
    ("utc_ddegc", BELOW, "utc_clear_ddegc"),
    ("utc_clear_ddegc", AT_MOST, "heat_on_ddegc"),  # else cold enough to block, too warm to heat
    ("heat_on_ddegc", BELOW, "heat_off_ddegc"),
    ("heat_off_ddegc", BELOW, "otc_clear_ddegc"),
    ("utc_clear_ddegc", BELOW, "otc_clear_ddegc"),
    ("utd_clear_ddegc", BELOW, "otd_clear_ddegc"),
    ("otc_clear_ddegc", BELOW, "otc_ddegc"),
    ("otc_ddegc", AT_MOST, "otd_ddegc"),
    ("otd_clear_ddegc", BELOW, "otd_ddegc"),
    ("otd_ddegc", BELOW, "ntc_short_ddegc"),
    ("otf_clear_ddegc", BELOW, "otf_ddegc"),
    ("otf_ddegc", BELOW, "ntc_short_ddegc"),
    ("otint_clear_ddegc", BELOW, "otint_ddegc"),
    ("fan_off_ddegc", BELOW, "fan_on_ddegc"),
    ("fan_on_ddegc", BELOW, "otf_ddegc"),
    # balancing
    ("bal_off_mv", BELOW, "bal_on_mv"),
    ("bal_max_n", AT_MOST, "cell_n"),
    ("bal_die_ddegc", BELOW, "bal_die_stop_ddegc"),
    ("bal_die_stop_ddegc", AT_MOST, "otint_ddegc"),
)
_OCV_PCT = (0, 2, 5, 10, 15, 20, 30, 40, 50, 60, 65, 70, 75, 80, 90, 95, 98, 100)
for _k in range(len(_OCV_PCT) - 1):
    RELATIONS += (("ocv_%d_mv" % _OCV_PCT[_k], AT_MOST, "ocv_%d_mv" % _OCV_PCT[_k + 1]),)
