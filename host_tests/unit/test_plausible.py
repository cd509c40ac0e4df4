"""What the readings say together: extremes, sensor wires, sense wires, what hangs on the terminals."""

from types import SimpleNamespace

import pytest

from bms.fields import FIELDS
from bms.plausible import derive
from bms.snapshot import Snapshot
from roles import TEMP_NONE


def config(**changes):
    values = {row[0]: row[1] for row in FIELDS}
    values.update(changes)
    return SimpleNamespace(**values)


def snapshot(cells, temps=(250, 250, 250), **more):
    snap = Snapshot(len(cells), len(temps))
    for i, mv in enumerate(cells):
        snap.cell_mv[i] = mv
    for i, temp in enumerate(temps):
        snap.temp_ddegc[i] = temp
    snap.stack_mv = snap.pack_mv = snap.ld_mv = sum(cells)
    for name, value in more.items():
        setattr(snap, name, value)
    derive(snap, config())
    return snap


def test_extremes_name_the_first_cell_that_holds_them():
    snap = snapshot([3300, 3350, 3290, 3350])
    assert (snap.cell_max_mv, snap.cell_max_i) == (3350, 1)
    assert (snap.cell_min_mv, snap.cell_min_i) == (3290, 2)
    assert snap.cell_sum_mv == 13290


@pytest.mark.parametrize("pair", range(15))
def test_an_open_wire_between_any_two_cells_is_seen_as_their_opposite_swing(pair):
    cells = [3300] * 16
    cells[pair] -= 400
    cells[pair + 1] += 400
    snap = snapshot(cells)
    assert snap.openwire_mv >= 390
    assert snap.openwire_i in (pair, pair + 1)


@pytest.mark.parametrize("cell, lost", [(0, 600), (0, -600), (3, 600), (3, -600)])
def test_an_open_end_wire_shows_in_the_end_cell_and_in_the_sum(cell, lost):
    cells = [3300] * 4
    cells[cell] -= lost
    snap = snapshot(cells, stack_mv=4 * 3300)
    derive(snap, config())
    assert snap.openwire_mv >= 400 and snap.openwire_i == cell and not snap.plausible


def test_an_end_cell_that_is_really_low_is_no_open_wire():
    assert snapshot([3300, 3300, 3300, 2700]).openwire_mv < 250


def test_one_cell_far_up_at_the_top_knee_is_not_an_open_wire():
    assert snapshot([3400, 3640, 3400, 3395]).openwire_mv < 100


def test_one_empty_cell_is_not_an_open_wire():
    assert snapshot([3100, 2500, 3100, 3110]).openwire_mv < 250


@pytest.mark.parametrize("mv", [0, -50, 699, 4501, 6600])
def test_a_cell_outside_its_chemistry_is_certain_evidence(mv):
    snap = snapshot([3300, mv, 3300, 3300])
    assert snap.openwire_mv == 10000 and snap.openwire_i == 1


def test_a_broken_sensor_is_named_and_kept_out_of_the_extremes():
    snap = snapshot([3300] * 4, temps=(250, -450, 300))
    assert snap.ntc_bad_i == 1
    assert (snap.temp_min_ddegc, snap.temp_max_ddegc) == (250, 300)
    assert (snap.temp_min_i, snap.temp_max_i) == (0, 2)
    assert snapshot([3300] * 4, temps=(1300, 250, 250)).ntc_bad_i == 0


@pytest.mark.parametrize(
    "fet_ddegc, bad_i", [(-400, 2), (-800, 2), (1200, 2), (-399, -1), (1199, -1), (TEMP_NONE, -1)]
)
def test_a_broken_sensor_of_the_mosfets_counts_and_one_that_is_not_there_does_not(
    fet_ddegc, bad_i
):
    snap = snapshot([3300] * 4, temps=(250, 300))
    snap.fet_ddegc = fet_ddegc
    derive(snap, config())
    assert snap.ntc_bad_i == bad_i and snap.temp_max_ddegc == 300
    snap.temp_ddegc[1] = 1300
    derive(snap, config())
    assert snap.ntc_bad_i == 1


def test_no_sensor_left_means_no_temperature_rather_than_a_pleasant_one():
    snap = snapshot([3300] * 4, temps=(-450, 1300))
    assert snap.temp_max_ddegc == snap.temp_min_ddegc == TEMP_NONE


def test_a_charger_is_seen_by_its_voltage_or_its_current():
    assert not snapshot([3300] * 4).charger
    assert snapshot([3300] * 4, pack_ma=5000).charger
    snap = Snapshot(4, 1)
    for i in range(4):
        snap.cell_mv[i] = 3300
    snap.temp_ddegc[0] = 250
    snap.stack_mv, snap.pack_mv = 13200, 14000
    derive(snap, config())
    assert snap.charger and snap.load  # LD at 0: somebody pulls it down
