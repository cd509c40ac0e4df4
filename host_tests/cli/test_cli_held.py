"""Settings that wait for somebody, or for the next start, as a person sees them."""

import json

import pytest

from bms.pack import HOLD_SETTINGS
from deploy.files import boards

EDITED = {"cell_n": 16, "capacity_mah": 60000}


@pytest.fixture
def edited(desk, monkeypatch):
    """config.json was edited by hand, on a board that has no room to check settings."""

    def short(*_):
        raise MemoryError

    monkeypatch.setattr("simboard.board.change", short)
    monkeypatch.setattr("simboard.board.acknowledge", short)
    (desk.disk / "config.json").write_text(json.dumps(EDITED))
    restart(desk)
    assert desk.pack.held == HOLD_SETTINGS
    return desk


def restart(desk):
    with desk.served.lock:
        desk.served.board.start()


def test_a_refusal_beside_an_edited_file_is_told_apart_from_it(edited):
    """What is in force is the file, and it can be confirmed."""
    (edited.disk / "wanted.json").write_text('{"cell_n": 99}')
    restart(edited)
    said = edited.json("status")["problems"]
    assert "sent last were refused: cell_n 99" in said[0] and "unlock --settings" in said[1]
    assert not any("cannot be used" in line or "config set" in line for line in said), said
    assert any("edited or damaged" in line for line in said)


def test_what_is_confirmed_counts_from_the_next_start_on_and_looks_like_settings(edited):
    assert "from the next start on" in edited.good("unlock", "--settings")
    assert json.loads(edited.good("config", "export")) == EDITED
    edited.good("reset", "board")
    assert not edited.pack.held and edited.json("status")["problems"] == []
    assert edited.json("config", "get", "capacity_mah") == {"capacity_mah": 60000}


def test_an_edit_after_that_is_told_and_held(edited):
    edited.good("unlock", "--settings")
    (edited.disk / "config.json").write_text(json.dumps(EDITED | {"cov_mv": 3640}))
    edited.good("reset", "board")
    assert edited.pack.held == HOLD_SETTINGS
    said = edited.json("status")["problems"]
    assert "not what was confirmed" in said[0] and "unlock --settings" in said[1]


@pytest.mark.parametrize("memory", ["enough", "short"])
def test_sensors_without_a_place_on_the_running_board_are_refused_there(
    desk, memory, tmp_path, monkeypatch
):
    """A stranger's board, of which this computer knows nothing."""
    monkeypatch.setattr("cellwarden.settings.refusal", lambda config, board: "")
    if memory == "short":
        monkeypatch.setattr("simboard.board.change", lambda *_: 1 / 0)
    before = desk.good("config", "export")
    said = desk.bad(4, "config", "set", "ntc_n=6", "--restart")
    assert "ntc_n: 6, wired are 5" in said
    assert desk.good("config", "export") == before and desk.served.board.starts == 1


BOARDS = {
    "pico_bq76952": ({}, 3),
    "esp32_bq76952": ({}, 3),
    "libresolar_bms_c1": ({"ntc_n": 2}, 2),
    "pico_bq76940": ({"cell_n": 15, "ntc_n": 2}, 2),
    "pico_isl94202": ({"cell_n": 8, "ntc_n": 1, "precharge_on": 0}, 1),
    "pico_ltc6811": ({}, 3),
}
CELLS = {"pico_bq76940": 16, "pico_isl94202": 9}
FILE = "pack.json"


def check(desk, board, values):
    (desk.folder / FILE).write_text(json.dumps(values))
    return desk.give("config", "check", desk.folder / FILE, "--board", board, port="")


@pytest.mark.parametrize("board", boards())
def test_cells_and_sensors_that_a_board_is_not_wired_for_are_refused_here(desk, board):
    good, ntc_n = BOARDS[board]
    assert check(desk, board, good)[0] == 0
    code, _, said = check(desk, board, good | {"ntc_n": ntc_n + 1})
    assert (code, said.count("\n")) == (2, 1) and f"ntc_n: {ntc_n + 1}, wired are {ntc_n}" in said
    if board in CELLS:
        code, _, said = check(desk, board, good | {"cell_n": CELLS[board]})
        assert (code, said.count("\n")) == (2, 1) and str(CELLS[board]) in said


def test_a_board_whose_name_is_mistyped_was_not_asked(desk):
    code, _, said = check(desk, "pico_bq7652", {})
    assert code == 2 and "one of esp32_bq76952, " in said


def test_the_running_boards_name_says_what_it_is_wired_for(desk, monkeypatch):
    monkeypatch.setattr("cellwarden.board.Board.who", lambda self: {"board": "pico_bq76940"})
    before = desk.good("config", "export")
    said = desk.bad(2, "config", "set", "bal_on_mv=20")
    assert "pico_bq76940 would not start with it: cell_n: 16, a BQ76940 takes 9..15" in said
    assert desk.good("config", "export") == before
