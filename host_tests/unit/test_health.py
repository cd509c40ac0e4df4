"""What a pack is worth, and the evidence for it."""

import pytest

from bms import life
from bms.capacity import EMPTY, FULL, VOLTAGE, Capacity
from bms.config import Config
from bms.keep import Keep
from host_tests.unit.soc_rig import OWN, Cell
from roles import TEMP_NONE

# capacity


def moved(capacity, by_e5, parts=40):
    for _ in range(parts):
        capacity.move(by_e5 // parts)


def test_full_to_empty_measures_capacity_with_its_evidence():
    capacity = Capacity()
    capacity.full(0)
    moved(capacity, -92000)
    capacity.empty(1234)
    assert capacity.e4 == pytest.approx(9240, abs=60), "rated weighs a little"
    assert (capacity.n, capacity.from_kind, capacity.to_kind) == (1, FULL, EMPTY)
    assert capacity.when_min == 1234 and 100 < capacity.sigma_e4 < 250


def test_a_partial_window_is_weaker_and_a_small_one_is_none():
    whole, part, small = Capacity(), Capacity(), Capacity()
    for capacity, low_e5 in ((whole, 2000), (part, 40000), (small, 60000)):
        capacity.full(0)
        moved(capacity, -(100000 - low_e5))
        capacity.low(low_e5, 2000, 5)
    assert whole.sigma_e4 < part.sigma_e4
    assert small.n == 0 and small.e4 == 10000


def test_a_discharge_counts_once_however_often_it_gets_better():
    capacity = Capacity()
    capacity.full(0)
    moved(capacity, -90000)
    for low_e5, sigma_e5 in ((9000, 3000), (8000, 2000), (8500, 4000), (5000, 900)):
        capacity.low(low_e5, sigma_e5, 7)
        moved(capacity, -1000)
    assert capacity.n == 1 and capacity.to_kind == VOLTAGE


def test_back_up_to_full_is_another_observation():
    capacity = Capacity()
    capacity.full(0)
    moved(capacity, -95000)
    capacity.empty(1)
    before = capacity.sigma_e4
    moved(capacity, 95000)
    capacity.full(2)
    assert capacity.n == 2 and (capacity.from_kind, capacity.to_kind) == (EMPTY, FULL)
    assert capacity.sigma_e4 < before and capacity.e4 == pytest.approx(9500, abs=40)


def test_many_cycles_do_not_make_it_blind():
    capacity = Capacity()
    for k in range(60):
        size = 100000 if k < 30 else 90000
        capacity.full(k)
        moved(capacity, -size)
        capacity.empty(k)
        moved(capacity, size)
    assert capacity.e4 == pytest.approx(9000, abs=100)
    assert capacity.n == 119


def test_charge_that_flowed_unseen_or_too_much_ends_a_span():
    for spoil in (lambda c: c.forget(), lambda c: moved(c, -108000)):
        capacity = Capacity()
        capacity.full(0)
        spoil(capacity)
        moved(capacity, -90000)
        capacity.empty(1)
        assert capacity.n == 0


def test_an_aged_pack_is_found_out_and_the_next_full_charge_takes_it():
    cell = Cell(60, OWN)
    cell.capacity_mah = 85000
    cell.soc.set(600)
    cell.fill()
    while cell.truth > 4:
        cell.drive(-20000, 600)
    capacity = cell.health.capacity
    assert capacity.n >= 1 and capacity.e4 == pytest.approx(8500, abs=3 * capacity.sigma_e4)
    assert cell.soc.capacity_uah == 100000000
    cell.fill()
    assert cell.soc.capacity_uah == pytest.approx(85000000, rel=0.04)
    assert cell.soc.soc_pm == 1000
    assert cell.health.soh_pm() == capacity.e4 // 10


# resistance


def test_resistance_of_each_cell_is_told_at_25_degrees():
    for ddegc, factor in ((250, 1.0), (0, 2.15), (450, 0.77)):
        cell = Cell(60, cell_n=16)
        cell.temp_ddegc = ddegc
        cell.mohm = [0.8 * factor] * 15 + [2.0 * factor]
        cell.drive(-40000, 1800)
        found = cell.health.resistance.uohm
        assert found[0] == pytest.approx(800, rel=0.1)
        assert found[15] == pytest.approx(2000, rel=0.1)
        assert cell.health.joints == 1 << 15


def test_a_missing_reading_or_a_broken_sensor_makes_no_step():
    cell = Cell(60)
    cell.temp_ddegc = TEMP_NONE
    cell.drive(-40000, 300)
    assert cell.health.resistance.n == 0
    cell.temp_ddegc = 250
    cell.step(0)
    for k in range(200):
        cell.snap.fresh = k % 2 == 0
        cell.step(-80000 if k // 2 % 2 else 0)
    assert cell.health.resistance.n == 0


# cells against the average


def test_a_cell_that_holds_less_is_seen_where_the_curve_is_steep_and_flagged():
    cell = Cell(24)
    cell.soc.set(240, 5)
    cell.more_pct = [0.0, 0.0, 0.0, -6.0]
    while cell.truth > 12:
        cell.drive(-10000, 300)
    e5 = cell.health.deltas.e5
    assert e5[3] == pytest.approx(-4500, abs=1500), "6 % less than the others, 4.5 % than the mean"
    assert all(abs(value - 1500) < 1000 for value in e5[:3])
    assert cell.health.weak == 1 << 3


def test_in_the_plateau_deltas_stay_as_they_are():
    cell = Cell(55)
    cell.soc.set(550, 5)
    cell.more_pct = [0.0, 0.0, 0.0, -6.0]
    cell.drive(-10000, 600)
    assert list(cell.health.deltas.e5) == [0, 0, 0, 0]


# life


def test_extremes_keep_value_place_and_time():
    cell = Cell(60)
    cell.run(0, 180)
    cell.snap.cell_min_i = 2
    cell.step(-50000)
    cell.run(0, 120)
    lived = cell.health.life
    assert lived.age_min == 5
    assert -lived.value[life.DSG_MAX_MA] == -50000 and lived.when_min[life.DSG_MAX_MA] == 3
    assert lived.which[life.CELL_MIN_MV] == 2
    assert -lived.value[life.CELL_MIN_MV] < 3300 <= lived.value[life.CELL_MAX_MV] + 20


def test_minutes_at_extremes_are_counted():
    cell = Cell(60)
    for ddegc, seconds in ((460, 300), (-10, 120), (250, 600)):
        cell.temp_ddegc = ddegc
        cell.run(0, seconds)
    assert list(cell.health.life.minutes) == [5, 2, 0, 0]


def test_throughput_and_full_cycles():
    cell = Cell(90)
    cell.run(-36000, 3600)
    cell.run(36000, 1800)
    assert (cell.health.life.out_mah, cell.health.life.in_mah) == (36000, 18000)
    assert cell.health.full_cycles_pm() == 360


# what is left


def test_energy_and_times_follow_the_load():
    cell = Cell(50, cell_n=16)
    cell.soc.set(500)
    cell.drive(-20000, 5400)
    left = cell.soc.remaining_mah()
    assert cell.health.energy_wh(cell.soc) == pytest.approx(left / 1000 * 3.23 * 16, rel=0.02)
    assert cell.health.to_empty_min == pytest.approx(left / 20000 * 60, rel=0.15)
    assert cell.health.to_full_min == -1
    cell.run(0, 20000)
    assert cell.health.to_empty_min == cell.health.to_full_min == -1
    cell.run(30000, 5400)
    assert cell.health.to_full_min > 0 and cell.health.to_empty_min == -1


# kept as bytes


def used():
    cell = Cell(95, OWN, leak_pm=20)
    cell.soc.set(950, 10)
    cell.drive(-30000, 3600)
    cell.health.capacity.e4, cell.health.capacity.n = 9100, 3
    buf = bytearray(cell.keep.size)
    assert cell.keep.save(buf) == cell.keep.size
    return cell, buf


def test_a_restart_forgets_nothing_that_is_kept():
    cell, buf = used()
    after = Cell(0, OWN, leak_pm=20)
    assert after.keep.load(buf, 0)
    assert after.soc.soc_pm == pytest.approx(cell.soc.soc_pm, abs=1) and not after.soc.guessed
    assert after.health.resistance.uohm == cell.health.resistance.uohm
    assert after.health.capacity.e4 == 9100 and after.health.life.out_mah == 30000
    again = bytearray(after.keep.size)
    after.keep.save(again)
    assert again[28:] == buf[28:] and again[:20] == buf[:20]


def test_time_off_costs_charge_and_certainty():
    _, buf = used()
    widths, charges = [], []
    for off_s in (0, 86400, 2628000, -1):
        after = Cell(0, OWN, leak_pm=20)
        after.keep.load(buf, off_s)
        widths.append(after.soc.soc_hi_pm - after.soc.soc_lo_pm)
        charges.append(after.soc.soc_pm)
    assert widths[0] <= widths[1] < widths[3] < widths[2]
    assert charges[0] - charges[2] == pytest.approx(20, abs=2)


def test_a_guess_is_still_a_guess_after_a_restart():
    cell = Cell(60)
    cell.step(0)
    buf = bytearray(cell.keep.size)
    cell.keep.save(buf)
    after = Cell(60)
    assert after.keep.load(buf, 10) and after.soc.guessed
    assert after.soc.soc_hi_pm - after.soc.soc_lo_pm > 400


@pytest.mark.parametrize(
    "at,value", [(0, 9), (4, 5), (8, 1), (12, 0), (22, 4), (27, 128), (31, 128), (-1, 128)]
)
def test_what_cannot_be_is_refused_whole(at, value):
    _, buf = used()
    buf[at] = value
    after = Cell(60)
    before = bytearray(after.keep.size)
    after.keep.save(before)
    assert not after.keep.load(buf, 0)
    assert not after.keep.load(buf[:-1], 0)
    same = bytearray(after.keep.size)
    after.keep.save(same)
    assert same == before


def test_another_pack_s_bytes_are_refused():
    cell, buf = used()
    other = Config({"cell_n": 4, "capacity_mah": 50000})
    assert not Keep(cell.soc, cell.health, other).load(buf, 0)


# corners


def test_an_anchor_of_either_kind_reaches_the_capacity():
    cell = Cell(60)
    cell.soc.set(600)
    cell.fill()
    cell.snap.pack_ma = 0
    cell.run(-20000, 100)
    cell.truth = 0.5
    cell.run(0, 700)
    assert cell.anchors == [1, 2] and cell.soc.soc_pm < 20


def test_life_without_a_sensor_goes_on_without_temperatures():
    cell = Cell(60)
    cell.temp_ddegc = TEMP_NONE
    cell.run(-1000, 120)
    assert cell.health.life.age_min == 2
    assert cell.health.life.which[life.TEMP_MAX_DDEGC] == -1


def test_time_at_the_voltage_limits_is_counted():
    cell = Cell(60)
    cell.offset_mv = 280
    cell.run(0, 60)
    cell.offset_mv = -320
    cell.run(0, 120)
    assert list(cell.health.life.minutes) == [0, 0, 1, 2]


def test_bleeding_cells_teach_nothing():
    cell = Cell(60)
    for k in range(120):
        cell.snap.pack_ma = -80000 if k % 2 else 0
        cell.soc.step(cell.snap, 1000)
        cell.health.step(cell.snap, cell.soc, 1000, False)
    assert cell.health.resistance.n == 0 and cell.health.deltas.n == 0


@pytest.mark.parametrize("mah", [20000, 300000])
def test_small_and_large_packs_take_their_capacity(mah):
    cell = Cell(60, capacity_mah=mah, board_ma=250000)
    cell.soc.capacity_e4, cell.soc.capacity_sigma_e4 = 8000, 150
    cell.soc.set(600)
    cell.fill()
    assert cell.soc.capacity_uah == mah * 800
