"""The fault table, typed again with the numbers of the default pack: 16 LiFePO4 cells, 100 Ah.

`test_fault_rows` proves that the engine does what the table says; this says what the table must say.
Where the numbers come from: docs/lfp-defaults.md. A new row is red here until it is written down.
"""

import pytest

from bms import fault_rows, faults
from bms.config import Config
from host_tests.unit.protect_rig import Row
from roles import BOTH, CHG, DSG

NONE = 0
UP, DOWN = 1, -1

# fmt: off
TABLE = (
    # name, quantity, worse is, trip, clear, delay_ms, hold_ms, blocks, how it ends
    ("cov_warn", "CELL_MAX_MV", UP, 3550, 3500, 1000, 0, NONE, ""),
    ("cov", "CELL_MAX_MV", UP, 3650, 3450, 2000, 0, CHG, ""),
    ("cov_lock", "CELL_MAX_MV", UP, 3900, 3450, 1000, 0, BOTH, "LATCH"),
    ("cuv_warn", "CELL_MIN_MV", DOWN, 3000, 3100, 5000, 0, NONE, ""),
    ("cuv", "CELL_MIN_MV", DOWN, 2800, 3100, 2000, 0, DSG, ""),
    ("dead", "CELL_MIN_MV", DOWN, 2000, 2500, 5000, 0, BOTH, "LATCH ACK"),
    ("pov", "STACK_AVG_MV", UP, 3620, 3480, 2000, 0, CHG, ""),
    ("puv", "STACK_AVG_MV", DOWN, 2750, 3050, 2000, 0, DSG, ""),
    ("imbal_warn", "SPREAD_MV", UP, 300, 200, 10000, 0, NONE, ""),
    ("imbal", "SPREAD_MV", UP, 1000, 500, 10000, 0, CHG, ""),
    ("occ1", "CHG_MA", UP, 50000, 200, 10000, 60000, CHG, "CHARGER_GONE OC_LOCK"),
    ("occ2", "CHG_MA", UP, 100000, 200, 320, 60000, CHG, "CHARGER_GONE OC_LOCK"),
    ("ocd1", "DSG_MA", UP, 110000, 200, 10000, 60000, DSG, "LOAD_GONE OC_LOCK"),
    ("ocd2", "DSG_MA", UP, 200000, 200, 320, 60000, DSG, "LOAD_GONE OC_LOCK"),
    ("scd", "CHIP_SCD", UP, 1, 0, 0, 60000, BOTH, "NO_LOAD SC_LOCK"),
    ("chip_ocd", "CHIP_OCD", UP, 1, 0, 0, 60000, DSG, "LOAD_GONE OC_LOCK"),
    ("chip_occ", "CHIP_OCC", UP, 1, 0, 0, 60000, CHG, "CHARGER_GONE OC_LOCK"),
    ("chip_cov", "CHIP_COV", UP, 1, 0, 0, 0, CHG, ""),
    ("chip_cuv", "CHIP_CUV", UP, 1, 0, 0, 0, DSG, ""),
    ("chip_temp", "CHIP_TEMP", UP, 1, 0, 0, 0, NONE, ""),
    ("hwd", "CHIP_HWD", UP, 1, 0, 0, 0, BOTH, ""),
    ("pf", "CHIP_PF", UP, 1, 0, 0, 0, BOTH, "LATCH"),
    ("utc", "TEMP_MIN_DDEGC", DOWN, 0, 50, 2000, 0, CHG, ""),
    ("otc", "TEMP_MAX_DDEGC", UP, 500, 450, 2000, 0, CHG, ""),
    ("utd", "TEMP_MIN_DDEGC", DOWN, -200, -150, 2000, 0, DSG, ""),
    ("otd", "TEMP_MAX_DDEGC", UP, 600, 500, 2000, 0, DSG, ""),
    ("otf", "FET_DDEGC", UP, 850, 700, 2000, 0, BOTH, ""),
    ("otint", "DIE_DDEGC", UP, 850, 700, 2000, 0, BOTH, ""),
    ("ntc", "NTC_BAD", UP, 1, 0, 2000, 0, BOTH, ""),
    ("mismatch", "SUM_ERR_MV", UP, 400, 200, 2000, 0, BOTH, ""),
    ("openwire", "OPENWIRE_MV", UP, 250, 150, 1000, 0, BOTH, ""),
    ("stale", "AGE_MS", UP, 1000, 0, 0, 0, BOTH, ""),
    ("late", "LATE_MS", UP, 1000, 100, 0, 0, BOTH, ""),
    ("reset", "RESET", UP, 1, 0, 0, 0, BOTH, ""),
    ("cfgbad", "CFGBAD", UP, 1, 0, 0, 0, BOTH, ""),
    ("weld_chg", "WELD_CHG_MA", UP, 500, 200, 2000, 0, BOTH, "LATCH"),
    ("weld_dsg", "WELD_DSG_MA", UP, 500, 200, 2000, 0, BOTH, "LATCH"),
    ("fet", "FET_STUCK", UP, 1, 0, 2000, 0, BOTH, "LATCH"),
    ("precharge", "PRECHARGE_FAIL", UP, 1, 0, 0, 0, DSG, "LATCH"),
    ("interlock", "INTERLOCK", UP, 1, 0, 0, 0, BOTH, ""),
    ("cutoff", "CUTOFF_DEAD", UP, 1, 0, 0, 0, BOTH, "SC_LOCK"),
    ("occ_mean", "CHG_MEAN_MA", UP, 50000, 200, 10000, 60000, CHG, "CHARGER_GONE OC_LOCK"),
    ("ocd_mean", "DSG_MEAN_MA", UP, 110000, 200, 10000, 60000, DSG, "LOAD_GONE OC_LOCK"),
)
# fmt: on
NAMES = [line[0] for line in TABLE]
SYSTEM = {"stale", "late", "reset", "cfgbad", "precharge", "interlock", "cutoff"}
LOCKS = {
    **dict.fromkeys(
        ("occ1", "occ2", "ocd1", "ocd2", "chip_occ", "chip_ocd", "occ_mean", "ocd_mean"), 5
    ),
    **dict.fromkeys(("scd", "cutoff"), 3),
}
ENDS = ("LATCH", "NO_LOAD", "LOAD_GONE", "CHARGER_GONE", "OC_LOCK", "SC_LOCK", "ACK")


@pytest.fixture(scope="module")
def config():
    return Config()


def ends(bits):
    return {name for name in ENDS if bits & getattr(faults, name)}


def test_every_row_is_written_down_here_and_none_that_is_not_there():
    assert [row[fault_rows.NAME] for row in fault_rows.ROWS] == NAMES
    assert faults.NAMES.split() == NAMES  # what a device keeps of the table
    assert [faults.row_index(name) for name in NAMES] == list(range(len(NAMES)))
    assert faults.ROW_N == len(NAMES) <= 255  # news and journal keep a row's number in a byte


@pytest.mark.parametrize("line", TABLE, ids=NAMES)
def test_a_row_says_what_was_argued_for(line, config):
    name, quantity, sense, trip, clear, delay_ms, hold_ms, blocks, end = line
    row = Row(faults.row_index(name), config)
    assert row.quantity == getattr(faults, "Q_" + quantity)
    assert row.sense == sense
    assert (row.trip, row.clear) == (trip, clear)
    assert (row.delay_ms, row.hold_ms) == (delay_ms, hold_ms)
    assert row.blocks == blocks
    assert ends(row.end) == set(end.split())
    assert row.system == (name in SYSTEM)
    assert row.lock_n == LOCKS.get(name, 0)


def test_a_reading_must_last_before_it_clears():
    assert faults.CLEAR_MS == 1000


def test_the_ways_to_end_are_bits_of_their_own():
    bits = [getattr(faults, name) for name in ENDS]
    assert faults.AUTO == 0 and sorted(bits) == [1 << i for i in range(len(bits))]


def test_quantities_have_places_of_their_own():
    places = [
        value for name, value in vars(faults).items() if name.startswith("Q_") and name != "Q_N"
    ]
    assert sorted(places) == list(range(faults.Q_N))


def test_every_quantity_is_judged_by_some_row():
    judged = {row[fault_rows.QUANTITY] for row in fault_rows.ROWS}
    assert set(range(faults.Q_N)) - judged == {faults.Q_CHIP_TRIPS}  # the word they are made of


def test_combinations_that_the_engine_gives_no_meaning_do_not_occur():
    for row in fault_rows.ROWS:
        end = ends(row[fault_rows.END])
        assert not {"OC_LOCK", "SC_LOCK"} <= end and not {"LOAD_GONE", "NO_LOAD"} <= end
        assert "ACK" not in end or ("LATCH" in end and row[fault_rows.BLOCKS] == BOTH)
        assert not ("LATCH" in end and row[fault_rows.HOLD]), "a person decides, not a clock"
        assert not row[fault_rows.END] & ~sum(getattr(faults, name) for name in ENDS)
        assert row[fault_rows.BLOCKS] or not end, "a warning ends by itself"
