"""Settings of JK, JBD and Daly: what is dangerous for LiFePO4 is refused by name, the rest becomes ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms import chemistry
from bms.config import Config
from bms.fields import FIELDS
from host_tests.shared import shared
from settings_import.__main__ import main
from settings_import.convert import ImportProblem, convert
from settings_import.tables import DANGERS, FITTING, JBD, JBD_REGISTERS, KINDS, REFUSE, WARN

NAMES = [row[0] for row in FIELDS]
JK_PRESET = {
    "Cell Count": 16,
    "Battery Capacity(AH)": 280,
    "Cell OVP(V)": 3.6,
    "Cell OVPR(V)": 3.4,
    "Cell UVP(V)": 2.6,
    "Cell UVPR(V)": 3.0,
    "Continued Charge Curr.(A)": 100,
    "Continued Discharge Curr.(A)": 150,
    "Charge UTP(°C)": -20,
    "Charge UTPR(°C)": -10,
    "Start Balance Volt.(V)": 3.4,
    "Device Addr": 1,
}
DALY = {
    "cell volt high protect": "3.65V",
    "cell volt low protect": "2.7 V",
    "sum volt high protect": 58.4,
    "sum volt low protect": 43.2,
    "string number": 16,
    "rated capacity": "100Ah",
    "chg high temp protect": "65°C",
    "dischg low temp protect": "-20",
    "dischg overcurrent protect": "-150",
}


def verdict(result, field):
    (found,) = [item for item in result.verdicts if item.field == field]
    return found


def kinds(result):
    return {item.field: item.kind for item in result.verdicts if item.field}


def test_every_row_names_a_field_of_ours_and_no_name_means_two():
    from settings_import.convert import _plain

    for rows in KINDS.values():
        meant = {(_plain(name), row[0]) for row in rows for name in row[2]}
        assert len({name for name, _ in meant}) == len(meant)
        assert {row[0] for row in rows} <= set(NAMES)
    assert {row[0] for row in DANGERS} | {row[0] for row in FITTING} <= set(NAMES)
    assert {name for name, _ in JBD_REGISTERS.values()} <= {n for row in JBD for n in row[2]}


def test_no_danger_is_allowed_by_our_own_configuration():
    """A refusal explains; what forbids is the envelope of every field."""
    envelope = {row[0]: row[2:4] for row in chemistry.rows("LFP")}
    for field, side, limit, kind, why in DANGERS:
        low, high = envelope[field]
        if kind == REFUSE and field != "bal_start_mv":
            beyond = limit - 1 if side == "below" else limit + 1
            assert not low <= beyond <= high or field in ("chip_cuv_mv",), (field, why)


def test_jk_charging_at_minus_20_is_refused_with_its_reason_and_its_release_too():
    result = convert(JK_PRESET)
    assert result.kind == "jk"
    assert verdict(result, "utc_ddegc").kind == REFUSE
    assert "plates lithium" in verdict(result, "utc_ddegc").why
    assert verdict(result, "utc_clear_ddegc").kind == REFUSE
    assert kinds(result)["cov_mv"] == "taken" and kinds(result)["cuv_mv"] == WARN
    assert result.config.utc_ddegc == 0 and result.config.cov_mv == 3600
    assert result.config.capacity_mah == 280000
    assert [item.name for item in result.verdicts if item.kind == "unused"] == ["Device Addr"]


@pytest.mark.parametrize(
    "kind, name, value",
    [
        ("jbd", "chgot", 65),
        ("jbd", "chgot", 75),
        ("jbd", "dsgot", 85),
        ("jbd", "chgut", -10),
        ("jk", "Charge UTP", -20),
        ("daly", "cell volt high protect", 4.2),
        ("daly", "cell volt high protect", 3.8),
        ("daly", "chg high temp protect", 70),
        ("jk", "Cell UVP", 2.0),
        ("jk", "SCP delay", 1500),
    ],
)
def test_what_is_dangerous_for_the_cells_never_gets_in(kind, name, value):
    result = convert({name: value}, kind)
    assert [item.kind for item in result.verdicts] == [REFUSE]
    assert result.verdicts[0].why and result.values == {}
    assert result.config.hash == Config().hash


def test_a_voltage_of_the_stack_needs_the_cells():
    result = convert({"povp": 58.4}, "jbd")
    assert "how many cells" in result.verdicts[0].why
    assert convert({"povp": 57.6}, "jbd", cells=16).config.pov_cell_mv == 3600


def test_daly_with_units_in_the_values():
    result = convert(DALY)
    assert result.kind == "daly" and result.config is not None, result.problems
    config = result.config
    assert (config.cov_mv, config.cuv_mv, config.pov_cell_mv) == (3650, 2700, 3650)
    assert (config.ocd1_ma, config.utd_ddegc, config.capacity_mah) == (150000, -200, 100000)
    assert kinds(result)["otc_ddegc"] == REFUSE


def test_a_real_jbd_board_in_safe_mode_becomes_a_configuration():
    dump = json.loads(shared("vectors/jbd_config_dump.json").read_text())
    result = convert(dump)
    assert result.kind == "jbd" and result.config is not None, result.problems
    config = result.config
    assert (config.cell_n, config.capacity_mah, config.cov_mv) == (4, 280000, 3650)
    assert (config.pov_cell_mv, config.puv_cell_mv) == (3650, 2500)
    assert (config.occ1_ma, config.ocd1_ma) == (230000, 230000)
    assert (config.otc_ddegc, config.utc_ddegc) == (500, 0)
    refused = {item.name for item in result.refused()}
    assert {"chgot", "chgut", "dsgot", "bal_start"} <= refused


def test_registers_mean_what_the_names_mean():
    by_register = convert([{"reg": 0x24, "raw": "0e42"}, {"reg": 0x29, "raw": "d8f0"}], "jbd")
    assert by_register.values["cov_mv"] == 3650 and by_register.values["ocd1_ma"] == 100000
    assert convert({"0x18": 3231, "0x2F": "0004"}, "jbd").values["otc_ddegc"] == 500


@pytest.mark.parametrize("text", ["3.65 V", "3650 mV", "3,65V", 3.65, "+3.65"])
def test_a_voltage_is_read_however_it_is_written(text):
    assert convert({"Cell OVP": text}, "jk").values["cov_mv"] == 3650


@pytest.mark.parametrize("text", ["", "high", "3.65 A", None, [], {}, float("nan"), "1e999", True])
def test_what_is_no_such_number_is_refused(text):
    try:
        result = convert({"Cell OVP": text, "Cell Count": 16}, "jk")
    except ImportProblem:
        return
    assert "cov_mv" not in result.values


def test_what_was_given_is_never_fitted():
    result = convert({"Cell OVP": 3.5, "Cell UVP": 2.9, "Cell Count": 8}, "jk")
    assert result.config is not None, result.problems
    assert (result.config.cov_mv, result.config.cuv_mv) == (3500, 2900)
    assert {name for name, _, _ in result.fitted} >= {"pov_cell_mv", "cvl_cell_mv"}


def test_values_that_contradict_each_other_are_told_and_make_no_configuration():
    result = convert({"Cell OVP": 3.5, "Cell OVPR": 3.55}, "jk")
    assert result.config is None
    assert result.problems and "cov_clear_mv 3550 must be below cov_mv 3500" in result.problems[0]


def said(capsys, *args):
    code = main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    return code, out + err


def test_nothing_is_written_while_something_is_refused(tmp_path, capsys):
    path, out = tmp_path / "jk.json", tmp_path / "config.json"
    path.write_text(json.dumps(JK_PRESET))
    code, text = said(capsys, path, "--output", out)
    assert code == 1 and not out.exists()
    assert "refused: Charge UTP(°C) -20 -> utc_ddegc -200" in text
    code, text = said(capsys, path, "--output", out, "--safe")
    assert code == 0 and Config(json.loads(out.read_text())).utc_ddegc == 0


@pytest.mark.parametrize(
    "data",
    ["", "{", "[]", "3", "null", '"x"', "[1]", '[{"name": 3}]', "{}", '{"a": 1}', "[" * 99999],
)
def test_what_is_no_parameter_list_is_one_line(tmp_path, data, capsys):
    path = tmp_path / "x.json"
    path.write_text(data)
    code, text = said(capsys, path)
    assert code == 2 and text.count("\n") == 1 and text.startswith("settings_import: ")


_VALUES = st.one_of(
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.none(),
    st.booleans(),
    st.lists(st.integers()),
)
_KNOWN = sorted({name for rows in KINDS.values() for row in rows for name in row[2]})


@given(
    st.dictionaries(st.sampled_from(_KNOWN), _VALUES, max_size=12), st.sampled_from(sorted(KINDS))
)
def test_whatever_is_given_no_dangerous_configuration_comes_out(data, kind):
    try:
        result = convert(data, kind)
    except ImportProblem:
        return
    if result.config is not None:
        assert result.config.utc_ddegc >= 0 and result.config.cov_mv <= 3650
        assert result.config.otc_ddegc <= 600 and result.config.cuv_mv >= 2500


def test_what_a_list_cannot_say_stays_as_the_board_has_it():
    board = {"shunt_uohm": 250, "ntc_n": 2, "cell_n": 8, "cov_mv": 3500}
    result = convert({"Cell OVP": 3.6}, "jk", board=board)
    assert result.values | {"shunt_uohm": 250, "ntc_n": 2, "cell_n": 8} == result.values
    assert result.config.cov_mv == 3600 and set(result.kept) == {"shunt_uohm", "ntc_n", "cell_n"}
    assert convert({"Cell Count": 4}, "jk", board=board).config.cell_n == 4
    assert convert({"povp": 28.8}, "jbd", board=board).config.pov_cell_mv == 3600


def test_cells_that_contradict_the_list_are_refused():
    with pytest.raises(ImportProblem, match="says 16 cells, not 8"):
        convert({"Cell Count": 16, "Cell OVP": 3.6}, "jk", cells=8)


def test_a_board_with_other_cells_than_the_lists_are_judged_for_is_refused():
    """Their 3.65 V on a cell that ends at 2.8: with or without --safe."""
    with pytest.raises(ImportProblem, match="lists are for LFP, the board's cells are LTO"):
        convert({"Cell OVP(V)": 2.8, "Cell UVP(V)": 1.8}, "jk", board={"chemistry": "LTO"})
    assert convert({"Cell OVP(V)": 3.6}, "jk", board={"chemistry": "LFP"}).values
