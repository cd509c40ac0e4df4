"""A configuration as a whole: what may stand beside what, what follows from what, and its hash.

The numbers are typed here again; the tables they are compared with are `fields` and `relations`.
"""

import struct
import zlib

import pytest

from bms import chemistry, fault_rows, faults
from bms.config import Config, ConfigError, as_dict
from bms.fields import FIELDS

CELLS = chemistry.names()
SMALL = 0x3FFFFFFF


def problems(values):
    """What is said about a configuration; nothing when it is taken."""
    try:
        Config(values)
    except ConfigError as error:
        return error.problems
    return []


# a row of the fault table needs room between trip and clear, whatever a person writes

PAIRS = [
    (row[fault_rows.NAME], row[fault_rows.TRIP], row[fault_rows.CLEAR])
    for row in fault_rows.ROWS
    if isinstance(row[fault_rows.TRIP], str) and isinstance(row[fault_rows.CLEAR], str)
]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name, trip, clear", PAIRS, ids=[pair[0] for pair in PAIRS])
def test_no_configuration_lets_a_fault_clear_where_it_trips(cell, name, trip, clear):
    base = Config({"chemistry": cell}).as_dict()
    sense = fault_rows.ROWS[faults.row_index(name)][fault_rows.SENSE]
    for value in (base[trip], base[trip] + sense):
        assert problems({**base, clear: value}), f"{clear} {value}"
    for value in (base[clear], base[clear] - sense):
        assert problems({**base, trip: value}), f"{trip} {value}"


# the order that protection lives by: two values that just go together, and the nearest that do not

ORDERED = [
    # what acts first, what acts next, least distance
    ("cov_warn_mv", "cov_mv", 1),
    ("cov_mv", "chip_cov_mv", 51),  # a step of the monitor's comparator is 50.6 mV
    ("chip_cov_mv", "cov_lock_mv", 51),
    ("cov_lock_mv", "openwire_hi_mv", 1),
    ("chip_cuv_mv", "cuv_mv", 51),
    ("dead_mv", "chip_cuv_mv", 1),
    ("openwire_lo_mv", "dead_mv", 1),
    ("shutdown_mv", "cuv_mv", 1),
    ("shutdown_mv", "puv_cell_mv", 1),
    ("chip_cuv_mv", "shutdown_mv", 0),
    ("cuv_mv", "cuv_warn_mv", 1),
    ("cuv_mv", "empty_mv", 0),
    ("puv_cell_mv", "empty_mv", 0),
    ("dead_clear_mv", "cuv_clear_mv", 0),
    ("cuv_mv", "dcl_taper_mv", 1),
    ("ccl_taper_mv", "cov_warn_mv", 1),
    ("cvl_cell_mv", "cov_warn_mv", 0),
    ("cvl_cell_mv", "pov_cell_mv", 1),
    ("full_mv", "cvl_cell_mv", 0),
    ("bal_start_mv", "cvl_cell_mv", 0),
    ("bal_stop_mv", "bal_start_mv", 1),
    ("bal_off_mv", "bal_on_mv", 1),
    ("pov_cell_mv", "cov_mv", 0),
    ("spread_warn_mv", "spread_mv", 1),
    ("sum_tol_mv", "dead_mv", 1),
    ("ccl_ma", "board_ma", 0),
    ("dcl_ma", "board_ma", 0),
    ("ccl_ma", "occ1_ma", 1),
    ("dcl_ma", "ocd1_ma", 1),
    ("occ1_ma", "occ2_ma", 1),
    ("ocd1_ma", "ocd2_ma", 1),
    ("ocd2_ma", "scd_ma", 1),
    ("idle_ma", "weld_ma", 1),
    ("occ2_ms", "occ1_ms", 0),
    ("ocd2_ms", "ocd1_ms", 0),
    ("utd_ddegc", "utc_ddegc", 0),
    ("otc_ddegc", "otd_ddegc", 0),
    ("utc_clear_ddegc", "heat_on_ddegc", 0),
    ("utc_clear_ddegc", "otc_clear_ddegc", 1),
    ("utd_clear_ddegc", "otd_clear_ddegc", 1),
    ("heat_on_ddegc", "heat_off_ddegc", 1),
    ("heat_off_ddegc", "otc_clear_ddegc", 1),
    ("fan_off_ddegc", "fan_on_ddegc", 1),
    ("fan_on_ddegc", "otf_ddegc", 1),
    ("ntc_open_ddegc", "utd_ddegc", 1),
    ("otd_ddegc", "ntc_short_ddegc", 1),
    ("otf_ddegc", "ntc_short_ddegc", 1),
    ("bal_die_ddegc", "bal_die_stop_ddegc", 1),
    ("bal_die_stop_ddegc", "otint_ddegc", 0),
    ("bal_max_n", "cell_n", 0),
    ("scan_ms", "sleep_scan_ms", 0),
    ("cuv_clear_mv", "cov_clear_mv", 1),
    ("puv_clear_mv", "pov_clear_mv", 1),
    ("dcl_taper_mv", "ccl_taper_mv", 1),
    ("empty_mv", "full_mv", 1),
]


def accuses(values, lesser, greater):
    """Is this pair, and in this order, among the problems?"""
    return any(
        text.startswith(f"{lesser} ") and " must be " in text and f" {greater} " in f"{text} "
        for text in problems(values)
    )


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lesser, greater, gap", ORDERED, ids=[f"{p[0]}-{p[1]}" for p in ORDERED])
def test_two_that_belong_in_order_may_come_so_near_and_no_nearer(cell, lesser, greater, gap):
    """At both ends of where the two can meet; what others say to it is not asked."""
    envelope = {row[0]: (row[2], row[3]) for row in chemistry.rows(cell)}
    (lesser_low, lesser_high), (greater_low, greater_high) = envelope[lesser], envelope[greater]
    base = Config({"chemistry": cell}).as_dict()
    first, last = max(lesser_low, greater_low - gap), min(lesser_high, greater_high - gap)
    if first >= last:  # they never meet: the envelopes alone keep the order
        assert lesser_high + gap <= greater_low
        return
    for value in (first, last):
        near = {**base, lesser: value, greater: value + gap}
        assert not accuses(near, lesser, greater)
        nearer = {lesser: value + 1} if value < lesser_high else {greater: value + gap - 1}
        assert accuses({**near, **nearer}, lesser, greater)


def test_the_monitor_waits_longer_than_a_scan_may_be_late():
    """Seconds against milliseconds: scan period plus lateness, below the monitor's watchdog."""
    assert problems({"host_watchdog_s": 1, "scan_ms": 250, "late_ms": 749}) == []
    assert problems({"host_watchdog_s": 1, "scan_ms": 250, "late_ms": 750}) == [
        "scan_ms 250 + late_ms 750 must be below host_watchdog_s 1"
    ]


def test_readings_are_stale_before_the_monitor_opens_by_itself_and_not_within_two_scans():
    assert problems({"host_watchdog_s": 1, "stale_ms": 1000}) == []
    assert problems({"host_watchdog_s": 1, "stale_ms": 1001}) == [
        "stale_ms 1001 must be at most host_watchdog_s 1"
    ]
    assert problems({"scan_ms": 300, "stale_ms": 600}) == []
    assert problems({"scan_ms": 300, "stale_ms": 599}) == [
        "scan_ms 300 + scan_ms 300 must be at most stale_ms 599"
    ]


def test_a_distance_is_named_in_its_unit():
    assert problems({"cov_mv": 3650, "chip_cov_mv": 3700}) == [
        "cov_mv 3650 must be at least 51 below chip_cov_mv 3700"
    ]


# what follows from other fields


@pytest.mark.parametrize(
    "given, follows",
    [
        (
            {"capacity_mah": 50000},
            {
                "occ1_ma": 25000,
                "occ2_ma": 50000,
                "ocd1_ma": 55000,
                "ocd2_ma": 100000,
                "scd_ma": 150000,
                "ccl_ma": 22500,
                "dcl_ma": 50000,
            },
        ),
        (
            {"capacity_mah": 280000},
            {
                "occ1_ma": 110000,
                "occ2_ma": 200000,
                "ocd1_ma": 110000,
                "ocd2_ma": 200000,
                "scd_ma": 300000,
                "ccl_ma": 99000,
                "dcl_ma": 100000,
            },
        ),
        ({"board_ma": 20000}, {"occ1_ma": 22000, "occ2_ma": 40000, "ccl_ma": 19800}),
        ({"occ1_ma": 10000}, {"ccl_ma": 9000}),
        ({"occ1_ma": 250000, "occ2_ma": 300000}, {"ccl_ma": 100000}),
        ({"ocd1_ma": 22000}, {"dcl_ma": 20000}),
        ({"scan_ms": 63}, {"stale_ms": 1000, "late_ms": 1000}),
        ({"scan_ms": 600}, {"stale_ms": 1200, "late_ms": 1000}),
        ({"scan_ms": 1000}, {"stale_ms": 2000, "late_ms": 750}),
        ({"host_watchdog_s": 1}, {"late_ms": 500}),
        ({"cell_n": 4}, {"sum_tol_mv": 100, "sum_clear_mv": 50, "bal_max_n": 2}),
        ({"cell_n": 5}, {"sum_tol_mv": 125, "sum_clear_mv": 62, "bal_max_n": 3}),
        ({"cell_n": 15}, {"sum_tol_mv": 375, "sum_clear_mv": 187, "bal_max_n": 8}),
        ({"cell_n": 3}, {"sum_tol_mv": 100, "bal_max_n": 2}),  # 75 mV is outside the envelope
        ({"openwire_mv": 101}, {"openwire_clear_mv": 60}),
    ],
)
def test_what_is_left_out_follows_from_what_is_given(given, follows):
    config = Config(given)
    assert {name: getattr(config, name) for name in follows} == follows


def test_what_follows_is_held_against_the_rest_like_anything_else():
    assert problems({"capacity_mah": 500, "idle_ma": 3000}) == [
        "idle_ma 3000 must be below occ1_ma 250 (default)",
        "idle_ma 3000 must be below ocd1_ma 550 (default)",
        "idle_ma 3000 must be below weld_ma 500 (default)",
    ]


def test_one_wrong_value_is_one_problem_and_accuses_nobody_else():
    """Not in the relations it stands in, nor in those of values that would follow from it."""
    assert len(problems({"cov_mv": 100, "cov_warn_mv": 3650})) == 1
    assert len(problems({"cov_mv": 100, "chip_cov_mv": 3660})) == 1
    assert len(problems({"stale_ms": "x", "host_watchdog_s": 1})) == 1
    assert len(problems({"late_ms": "x", "host_watchdog_s": 1})) == 1
    assert len(problems({"capacity_mah": 0, "board_ma": 1000, "idle_ma": 1100})) == 2


# refused whole, taken whole


def test_a_refused_set_leaves_nothing_behind():
    config = Config.__new__(Config)
    values = {"cell_n": 8, "cov_mv": 9999}
    with pytest.raises(ConfigError):
        config.__init__(values)
    assert set(vars(config)) <= {"chemistry"}
    assert values == {"cell_n": 8, "cov_mv": 9999}


@pytest.mark.parametrize("cell", CELLS)
def test_what_a_pack_keeps_is_the_same_without_the_tables(cell):
    config = Config({"chemistry": cell, "cell_n": 8})
    bare = config.bare()
    assert as_dict(bare) == config.as_dict() == {**as_dict(bare), "chemistry": cell, "cell_n": 8}
    assert bare.hash == config.hash == Config(as_dict(bare)).hash
    with pytest.raises(AttributeError, match="nothing"):
        _ = bare.nothing


def test_a_wrong_value_is_repeated_up_to_forty_characters():
    for n, shown in ((38, repr("x" * 38)), (39, repr("x" * 39)[:40] + "...")):
        assert f"cov_mv {shown} is no integer" in problems({"cov_mv": "x" * n})[0]


def test_an_integer_is_repeated_as_long_as_it_is_a_small_one():
    for value in (SMALL, -SMALL):
        assert f"cov_mv {value} is outside" in problems({"cov_mv": value})[0]
    for value in (SMALL + 1, -SMALL - 1):
        assert "cov_mv (too big) is outside" in problems({"cov_mv": value})[0]


# nothing is charged below freezing


@pytest.mark.parametrize("cell, least_ddegc", [("LFP", 0), ("NMC", 0), ("LTO", -300)])
def test_the_coldest_charge_that_can_be_asked_for(cell, least_ddegc):
    (row,) = [row for row in chemistry.rows(cell) if row[0] == "utc_ddegc"]
    assert row[2] == least_ddegc
    said = problems({"chemistry": cell, "utc_ddegc": least_ddegc - 1})
    assert said[0].startswith(f"utc_ddegc {least_ddegc - 1} is outside {least_ddegc}..")


# hash


def other_value(name, default, low, high):
    """Another value of this field that goes with the defaults of all others."""
    for value in (default + 1, default - 1, low, high):
        if value != default and not problems({name: value}):
            return value
    raise AssertionError(f"{name} cannot be changed alone")


def test_the_hash_moves_with_every_single_field():
    seen = {Config({"chemistry": cell}).hash for cell in CELLS}
    assert len(seen) == len(CELLS)
    base = Config().as_dict()
    for name, default, low, high, _ in FIELDS:
        seen.add(Config({**base, name: other_value(name, default, low, high)}).hash)
    assert len(seen) == len(CELLS) + len(FIELDS)


@pytest.mark.parametrize("cell", CELLS)
def test_the_hash_is_that_of_the_chemistry_and_four_bytes_a_field_in_order(cell):
    """So that any tool can work it out, and a change of meaning does not pass unseen."""
    config = Config({"chemistry": cell, "lock_window_ms": 86400000})  # needs all four bytes
    data = cell.encode() + b"".join(struct.pack("<i", getattr(config, row[0])) for row in FIELDS)
    assert config.hash == zlib.crc32(data) & SMALL
