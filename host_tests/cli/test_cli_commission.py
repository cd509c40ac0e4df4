"""`cellwarden commission` and `calibrate` against the product's code behind a pseudo terminal."""

import json
from datetime import date

import pytest

from bms.version import VERSION
from host_tests.cli.cli_rig import Desk
from simboard.person import Person

SMALL = {"cell_n": 4, "ntc_n": 3, "capacity_mah": 100000}


@pytest.fixture
def bare(tmp_path, capsys):
    """A board that nobody has commissioned."""
    desk = Desk(tmp_path, capsys, commissioned=False)
    yield desk
    desk.served.end()


def test_a_new_board_says_that_it_is_held_and_a_waiver_ends_it(bare, tmp_path):
    assert bare.json("commission", "--state")["held"] is True
    assert bare.good("status").startswith("Cellwarden: held off, ")
    assert "name" in bare.bad(2, "commission", "--waive", "")
    report = tmp_path / "report.json"
    assert bare.json("commission", "--waive", "Ada", "--report", report)["held"] is False
    assert json.loads(report.read_text())["who"] == "Ada"
    assert not bare.pack.held


def test_without_the_key_nothing_is_waived(bare):
    assert "key" in bare.bad(2, "commission", "--waive", "Eve", key=None)
    assert bare.pack.held


def test_forget_holds_the_pack_again(desk):
    assert desk.json("commission", "--state")["state"] == "waived"
    assert desk.json("commission", "--forget")["held"] is True


def commissioned(tmp_path, capsys, monkeypatch, *mistakes, config=SMALL):
    """What `cellwarden commission` says and ends with; the person at the pack types what the meter shows."""
    monkeypatch.setattr("cellwarden.commission._LOOK_S", 0.02)
    desk = Desk(tmp_path, capsys, commissioned=False, mistakes=mistakes, config=config)
    shown = iter([Person.load_ma, Person.charger_ma])

    def read_meter(words, **more):
        with desk.served.lock:
            for _ in range(8):  # the load is on, the meter stands still
                desk.served.board.step()
        return next(shown)

    monkeypatch.setattr("click.prompt", read_meter)
    monkeypatch.setattr("click.confirm", lambda *words, **more: False)
    try:
        code, out, err = desk.give("commission", "--report", tmp_path / "report.json")
        return code, out + err, json.loads((tmp_path / "report.json").read_text()), desk.pack.held
    finally:
        desk.served.end()


def test_a_right_pack_is_commissioned_from_the_terminal(tmp_path, capsys, monkeypatch):
    code, said, report, held = commissioned(tmp_path, capsys, monkeypatch)
    assert code == 0 and "passed, 11 of 11" in said, said
    assert (report["state"], held, len(report["passed"])) == ("passed", 0, 11)
    assert report["firmware"] == VERSION and int(report["settings_hash"], 16)
    for prompt in ("Load cell 1", "Load cell 4", "Hold thermistor 3"):
        assert prompt in said


def test_a_mistake_is_told_in_words_and_the_pack_stays_held(tmp_path, capsys, monkeypatch):
    code, said, report, held = commissioned(tmp_path, capsys, monkeypatch, "shunt reversed")
    assert code == 1 and "SRP and SRN are swapped" in said
    assert held and report["state"] != "passed"


def test_a_charger_that_was_left_on_is_noticed_on_as_many_cells_as_the_demo_has(
    tmp_path, capsys, monkeypatch
):
    code, said, _, held = commissioned(
        tmp_path, capsys, monkeypatch, "charger left on", config=None
    )
    assert code == 1 and held and "a charger is connected, or a FET is welded" in said, said


def test_a_cell_is_calibrated_by_one_point(desk):
    served = desk.served
    with served.lock:
        served.board.sim.chip.measure.offset_mv[2] = 8.0
        served.board.sim.run(1)
        true = round(served.board.sim.plant.cell_v[2] * 1000)
    assert len(desk.json("calibrate", "cell3", true)["points"]) == 1
    assert "stored" in desk.good("calibrate", "cell3", "--keep")
    with served.lock:
        served.board.sim.run(1)
        assert abs(desk.pack.snap.cell_mv[2] - true) <= 2
    shown = desk.good("calibrate", key=None)
    assert shown == f"cell3: -8 mV, since {date.today().isoformat()}\n"
    assert desk.json("calibrate")["stored"][0]["offset"] == -8
    desk.good("config", "set", "ntc_n=1")
    with served.lock:
        served.board.start()
    desk._start()
    assert "not in force" in desk.good("calibrate") and not desk.json("calibrate")["in_force"]
    desk.good("config", "set", "ntc_n=")
    with served.lock:
        served.board.start()
    desk._start()
    desk.good("calibrate", "cell3", "--clear")
    assert "nothing is corrected" in desk.good("calibrate")


@pytest.mark.parametrize(
    "words, code, says",
    [
        (["cell3"], 2, "what does your meter show"),
        (["--keep"], 2, "calibrate cell1"),
        (["shoe", 1], 2, "calibrate cell1"),
        (["cell0", 1], 2, "calibrate cell1"),
        (["cell17", 3300], 4, "there is no cell 17"),
        (["current", -1000, "--keep"], 4, "offset -1000 mA is beyond 500"),
        (["ntc1", "--kep"], 2, "--kep"),
        (["cell1", "--keep"], 4, "take a point first"),
        (["cell1", 3900, "--keep"], 4, "beyond"),
    ],
)
def test_what_cannot_be_calibrated_is_one_line(desk, words, code, says):
    assert says in desk.bad(code, "calibrate", *words)
