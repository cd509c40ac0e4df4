"""Traces: what a file must look like, and that a pack behind closed FETs lives what was recorded."""

from pathlib import Path

import pytest

from host_tests.shared import shared
from sim import trace as trace_module
from sim.day import write_day
from sim.plant import Plant
from sim.trace import Trace
from sim.world import World

TRACES = Path(trace_module.__file__).parent / "traces"
HEAD = "t_s,current_ma,voltage_mv,temp_c\n"
ROWS = "0,0,3300,25\n1,-1000,3290,25\n2.5,-1000,3280,24\n3,0,3295,24\n"


@pytest.fixture
def write(tmp_path):
    def _write(text, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


def pack_for(trace, **more):
    plant = Plant(**{"spread": 0.0, "trace": trace, **more})
    plant.chg_on = plant.dsg_on = True
    plant.settle()
    return plant


def worst_error_mv(trace, every):
    """Play it all and compare every so many rows at the moment they begin."""
    plant = pack_for(trace)
    world = World(plant, step_us=2000000)
    worst = 0.0
    for k in range(0, trace.n, every):
        world.advance(trace.t_us[k] - world.now_us)
        world.sync()
        for i in (0, plant.cell_n - 1):
            worst = max(worst, abs(plant.cell_v[i] * 1000 - trace.voltage_mv[k]))
    return worst, plant


# files --------------------------------------------------------------------------------------------


def test_columns_are_read_by_name_in_any_order_and_others_are_ignored(write):
    text = "note,temp_c,voltage_mv, T_S ,current_ma\nx,20,3300,10,5\ny,21,3310,12,-6\n"
    trace = Trace(write(text))
    assert trace.t_us == [0, 2000000]
    assert list(trace.current_ma) == [5, -6]
    assert list(trace.voltage_mv) == [3300, 3310]
    assert list(trace.temp_c) == [20, 21]
    assert trace.start_soc() == 1.0


def test_blank_lines_comments_and_a_byte_order_mark_do_no_harm(write):
    trace = Trace(write("\ufeff# mine\n" + HEAD + "\n" + ROWS + "\n\n"))
    assert trace.n == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty, expected a header t_s,current_ma"),
        (HEAD, "at least two rows, this has 0"),
        (HEAD + "0,0,3300,25\n", "at least two rows, this has 1"),
        ("t_s,voltage_mv,temp_c\n", r":1: header lacks current_ma"),
        ("1,2,3,4\n", r":1: header lacks t_s, current_ma, voltage_mv, temp_c"),
        (HEAD + "0,0,3300,25\n1,zero,3300,25\n", r":3: current_ma is not a number: 'zero'"),
        (HEAD + "0,0,3300,25\n1,0,3300\n", r":3: no temp_c, the row has 3 columns"),
        (HEAD + "0,0,3300,25\n1,0,,25\n", r":3: voltage_mv is not a number: ''"),
        (HEAD + ROWS + "3,0,3295,24\n", r":6: time 3 s does not come after"),
        (HEAD + "0,0,3300,25\n-1,0,3300,25\n", r":3: time -1 s does not come after"),
        (HEAD + "0,0,3300,25\n1,0,nan,25\n", r":3: voltage_mv nan is outside"),
        (HEAD + "0,0,3300,25\n1,0,33000,25\n", r":3: voltage_mv 33000 is outside 0 .. 6000"),
        (HEAD + "0,0,3300,298\n1,0,3300,298\n", r":2: temp_c 298 is outside"),
        (HEAD + "0,-1,3.3,25\n1,-1,3.2,25\n", "is it in volts"),
        (b"\xff\xfe\x00binary", "not a text file"),
    ],
)
def test_a_malformed_file_is_refused_with_its_name_and_line(write, text, words):
    with pytest.raises(ValueError, match=words) as refused:
        Trace(write(text, "broken.csv"))
    assert "broken.csv" in str(refused.value)


def test_a_missing_file_is_what_the_system_says(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trace(tmp_path / "nowhere.csv")


def test_capacity_is_the_charge_moved_over_the_reference_soc_it_covers(write):
    rows = "".join(f"{k * 3600},-1000,3300,25,{90 - 20 * k}\n" for k in range(5))
    trace = Trace(write(HEAD.strip() + ",soc_ref_pct\n" + rows))
    assert trace.capacity_ah == pytest.approx(5.0)
    assert trace.start_soc() == pytest.approx(0.9)
    assert Trace(write(HEAD + ROWS)).capacity_ah == pytest.approx(2.0 / 3600)


def test_a_capacity_that_cannot_be_guessed_is_asked_for(write):
    trace = Trace(write(HEAD + ROWS))  # a second of 1 A: 2 mAh if that were all the cell holds
    with pytest.raises(ValueError, match="give the capacity of the traced cell"):
        Plant(trace=trace)
    Plant(trace=trace, trace_ah=2.0)
    Plant(trace=Trace(write(HEAD + "0,0,3300,25\n1,0,3300,25\n")))


# driving ------------------------------------------------------------------------------------------


def test_current_is_scaled_to_the_pack_and_a_row_holds_until_the_next(write):
    trace = Trace(write(HEAD + ROWS))
    plant = pack_for(trace, capacity_ah=50.0, trace_ah=2.0)
    seen = []
    for _ in range(14):
        seen.append((plant.now_us // 1000, round(plant.current_a, 2)))
        plant.step(250000)
    assert [amps for ms, amps in seen if ms < 1000] == [0.0] * 4
    assert [amps for ms, amps in seen if 1000 <= ms < 3000] == [-25.0] * 8
    assert seen[12] == (3000, 0.0)
    assert plant.drive.done


def test_the_end_of_a_trace_is_the_end_of_its_demand(write):
    text = HEAD + "0,-2000,3300,25\n10,-2000,3290,25\n"
    plant = pack_for(Trace(write(text)), trace_ah=2.0)
    plant.step(9000000)
    assert plant.current_a == pytest.approx(-100.0, abs=0.001)
    plant.step(1000000)
    assert plant.current_a == pytest.approx(0.0, abs=0.001)
    plant.step(100000000)
    assert plant.drive.done
    assert plant.cell_v[0] == pytest.approx(3.290, abs=0.001)


def test_rows_are_kept_whatever_the_step(write):
    ends = []
    for step_us in (70000, 250000, 1300000):
        plant = pack_for(Trace(TRACES / "dfn_drive.csv"))
        while plant.now_us < 600000000:
            plant.step(min(step_us, 600000000 - plant.now_us))
        ends.append((plant.discharged_ah, plant.charged_ah, plant.cell_v[0]))
    for end in ends:
        assert end == pytest.approx(ends[0], abs=2e-5)


def test_with_the_discharge_fet_open_the_cells_relax_from_the_recording():
    trace = Trace(TRACES / "dfn_cycle.csv")  # 1C discharge at first
    plant = pack_for(trace)
    plant.step(600000000)
    assert plant.current_a < -99.0
    loaded = plant.cell_v[0]
    soc = plant.soc()
    plant.dsg_on = False
    plant.settle()
    assert plant.current_a == 0.0
    assert plant.pack_v == pytest.approx(0.0, abs=0.01)  # the load is still there
    assert plant.cell_v[0] - loaded == pytest.approx(0.05, abs=0.01)  # R0 of the pack's own cells
    plant.step(300000000)
    assert plant.soc() == pytest.approx(soc, abs=1e-4)
    assert plant.drive.cell.soc[0] < soc - 0.05


def test_with_the_charge_fet_open_the_demand_shows_as_a_charger():
    trace = Trace(TRACES / "dfn_cycle.csv")
    first = next(k for k in range(trace.n) if trace.current_ma[k] > 500)
    plant = pack_for(trace)
    plant.chg_on = False
    plant.step(trace.t_us[first] + 1000000)
    assert plant.current_a == 0.0
    assert plant.pack_v > plant.stack_v + 0.3


def test_the_recorded_temperature_is_the_ambient_of_the_cells(write):
    text = HEAD + "0,0,3300,5\n36000,-10,3300,5\n"
    plant = pack_for(Trace(write(text)), trace_ah=2.0)
    assert plant.temp_c == [5.0, 5.0, 5.0]
    plant.soak(-10.0)
    for _ in range(600):
        plant.step(1000000)
    assert plant.temp_c[0] == pytest.approx(-10.0, abs=0.01)


def test_a_weaker_cell_falls_below_the_recording():
    trace = Trace(TRACES / "dfn_drive.csv")
    plant = Plant(trace=trace, seed=3)
    plant.chg_on = plant.dsg_on = True
    plant.step(trace.duration_us - 1)
    assert min(plant.cell_v) < plant.drive.volts < max(plant.cell_v)
    assert max(plant.cell_v) - min(plant.cell_v) > 0.02


# recordings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["day.csv", "dfn_drive.csv", "dfn_cycle.csv"])
def test_our_own_traces_are_reproduced_within_a_millivolt(name):
    trace = Trace(TRACES / name)
    error_mv, plant = worst_error_mv(trace, every=3)
    assert error_mv < 1.0
    assert plant.soc() * 100 == pytest.approx(trace.soc_ref_pct[-1], abs=1.5)


@pytest.mark.parametrize(
    "name",
    [
        "dyn_a123_26650_P25.csv",
        "pybamm_dev_dfn_drive_a.csv",
        "pybamm_dev_spme_hyst_drive.csv",
        "dyn_calce_a123_18650_007_25C_us06.csv",
    ],
)
def test_a_recording_is_reproduced_within_five_millivolts(name):
    trace = Trace(shared(f"data/{name}"))
    error_mv, plant = worst_error_mv(trace, every=7)
    assert error_mv < 5.0
    assert plant.soc() * 100 == pytest.approx(trace.soc_ref_pct[-1], abs=1.5)


def test_the_made_up_day_is_the_same_bytes_again(tmp_path):
    write_day(tmp_path / "day.csv", 1)
    assert (tmp_path / "day.csv").read_bytes() == (TRACES / "day.csv").read_bytes()


def test_our_traces_stay_small():
    assert sum(path.stat().st_size for path in TRACES.iterdir()) < 1000000
