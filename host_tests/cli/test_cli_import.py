"""Another maker's list knows nothing of our board: what hangs on that stays as it is."""

import json

import pytest

JK = {"Cell OVP(V)": 3.6, "Cell UVP(V)": 2.8, "Battery Capacity(AH)": 100}


@pytest.fixture
def theirs(tmp_path):
    """Writes a list -> its path."""

    def written(values):
        path = tmp_path / "theirs.json"
        path.write_text(json.dumps(values))
        return path

    return written


def test_a_list_that_does_not_say_how_the_board_is_wired_leaves_that(desk, theirs):
    """A shunt of 250 taken for one of 500 halves every current: each limit would be twice as loose."""
    own = ["cell_n=8", "ntc_n=2", "shunt_uohm=250", "board_ma=60000", "ble_reads=0"]
    desk.good("config", "set", *own, "dcl_ma=30000", "--restart")
    code, out, err = desk.give("config", "import", theirs(JK), "--kind", "jk", "--restart")
    assert code == 0, err
    assert "kept: shunt_uohm 250 uohm" in err and "cov_mv: 3650 -> 3600 mV" in out
    now = desk.json("config", "get")
    assert [now[name.split("=")[0]] for name in own] == [8, 2, 250, 60000, 0]
    assert now["dcl_ma"] != 30000, "what is no matter of wiring is theirs or our default"
    assert "shunt" not in desk.good(
        "config", "diff", theirs(json.loads(desk.good("config", "export")))
    )


def test_a_list_that_says_its_cells_is_believed_before_the_board(desk, theirs):
    desk.good("config", "set", "cell_n=8", "--restart")
    code, out, _ = desk.give("config", "import", theirs({**JK, "Cell Count": 4}), "--kind", "jk")
    assert code == 0 and "cell_n: 8 -> 4" in out


def test_two_numbers_of_cells_are_one_too_many(desk, theirs):
    list_of = theirs({**JK, "Cell Count": 16})
    code, _, err = desk.give("config", "import", list_of, "--kind", "jk", "--cells", "8")
    assert code == 2 and "says 16 cells, not 8" in err
    code, _, err = desk.give("config", "import", list_of, "--kind", "jk", "--cells", "16")
    assert code == 0, err


@pytest.mark.parametrize(
    "command", (["config", "import"], ["config", "check"], ["config", "diff"])
)
def test_another_makers_list_that_is_not_said_to_be_one_is_recognised(desk, theirs, command):
    port = "" if command[1] == "check" else None
    said = desk.bad(2, *command, theirs(JK), port=port)
    assert "--kind jk" in said and "is no field" not in said


def test_a_field_that_is_there_twice_is_refused(desk, tmp_path):
    path = tmp_path / "twice.json"
    path.write_text('{"cell_n": 16, "cov_mv": 3500, "cov_mv": 3650}')
    assert "cov_mv is there twice" in desk.bad(2, "config", "check", path, port="")
    assert "cov_mv is there twice" in desk.bad(2, "config", "import", path)
