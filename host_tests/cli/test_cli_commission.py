"""`cellwarden commission` and `calibrate` against the product's code behind a pseudo terminal."""

import json

import pytest

from host_tests.cli.cli_rig import Desk


@pytest.fixture
def bare(tmp_path, capsys):
    """A board that nobody has commissioned."""
    desk = Desk(tmp_path, capsys, commissioned=False)
    yield desk
    desk.served.end()


@pytest.fixture
def desk(tmp_path, capsys):
    desk = Desk(tmp_path, capsys)
    yield desk
    desk.served.end()


def test_a_new_board_says_that_it_is_held_and_a_waiver_ends_it(bare, tmp_path):
    assert bare.json("commission", "--state")["held"] is True
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


@pytest.mark.parametrize(
    "words, code, says",
    [
        (["cell3"], 2, "what does your meter show"),
        (["shoe", 1], 2, "calibrate cell1"),
        (["cell0", 1], 2, "calibrate cell1"),
        (["cell17", 3300], 4, "there is no cell 17"),
        (["cell1", "--keep"], 4, "take a point first"),
        (["cell1", 3900, "--keep"], 4, "beyond"),
    ],
)
def test_what_cannot_be_calibrated_is_one_line(desk, words, code, says):
    assert says in desk.bad(code, "calibrate", *words)
