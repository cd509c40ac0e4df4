"""Configuration: each field at its edges, the whole in order, refused in words, never half applied."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms import chemistry
from bms.config import Config, ConfigError, from_json, read_config, unit
from bms.fields import FIELDS
from bms.relations import AT_MOST, BELOW, DERIVED, RELATIONS

CELLS = chemistry.names()
EDGES = [(cell, row) for cell in CELLS for row in chemistry.rows(cell)]
NAMED = [f"{cell}-{row[0]}" for cell, row in EDGES]


def problems(values):
    """What is said about a configuration; nothing when it is taken."""
    try:
        Config(values)
    except ConfigError as error:
        assert str(error) == "; ".join(error.problems)
        return error.problems
    return []


# each field by itself


@pytest.mark.parametrize("cell, row", EDGES, ids=NAMED)
def test_a_value_at_the_edge_of_its_envelope_is_inside_and_one_beyond_is_not(cell, row):
    name, default, low, high, _ = row
    assert low <= default <= high
    for value in (low, high, default):
        for problem in problems({"chemistry": cell, name: value}):
            assert " must be " in problem, problem  # only in relation to others
    for value in (low - 1, high + 1):
        allowed = f"{low}..{high} {unit(name)}".strip()
        assert f"{name} {value} is outside {allowed} ({cell})" in problems(
            {"chemistry": cell, name: value}
        )


@pytest.mark.parametrize("cell", CELLS)
def test_the_defaults_of_every_chemistry_hold_together(cell):
    assert problems({"chemistry": cell}) == []
    for cell_n in range(3, 17):
        assert problems({"chemistry": cell, "cell_n": cell_n}) == []


@pytest.mark.parametrize("capacity_mah", [500, 2500, 10000, 100000, 280000, 1000000])
def test_currents_follow_the_capacity_and_the_boards_rating(capacity_mah):
    config = Config({"capacity_mah": capacity_mah})
    rated = min(capacity_mah, config.board_ma)
    assert config.ocd1_ma == max(100, rated * 11 // 10)
    assert config.dcl_ma <= rated and config.ccl_ma < config.occ1_ma
    assert config.occ1_ma < config.occ2_ma and config.ocd1_ma < config.ocd2_ma < config.scd_ma


@pytest.mark.parametrize(
    "value, shown",
    [
        (True, "True"),
        (3600.0, "3600.0"),
        ("3600", "'3600'"),
        (None, "None"),
        ([3600], "(a list or object)"),
        ({}, "(a list or object)"),
        (1 << 70, "(too big)"),
        ("x" * 100, "'" + "x" * 39 + "..."),
    ],
)
def test_what_is_no_integer_in_range_is_refused_with_field_value_and_range(value, shown):
    (problem,) = problems({"cov_mv": value})
    assert problem.startswith(f"cov_mv {shown} is ") and problem.endswith("3450..3650 mV (LFP)")


def test_unknown_names_and_chemistries_are_named():
    assert problems({"cov": 1, "zz": 2}) == ["'cov' is no field", "'zz' is no field"]
    assert problems({"chemistry": "NIMH"}) == ["chemistry 'NIMH' is none of LFP, NMC, LTO"]
    assert problems([1]) == ["expected one object of field names and integers"]


# the whole


def test_all_problems_are_told_at_once_and_nothing_is_applied():
    found = problems({"cov_mv": 9999, "cuv_mv": 1, "bogus": 1, "bal_off_mv": 50})
    assert len(found) == 4 and any(
        "bal_off_mv 50 must be below bal_on_mv 15 (default)" in p for p in found
    )


@pytest.mark.parametrize("lesser, gap, greater", RELATIONS)
def test_every_relation_is_checked_at_its_edge(lesser, gap, greater):
    """Bring the two as near as allowed, by moving the greater one, then one nearer."""
    rows = {row[0]: row for row in FIELDS}
    base = Config().as_dict()
    scale = 1000 if greater.endswith("_s") else 1
    floor = sum(base[n] * (1000 if n.endswith("_s") else 1) for n in lesser.split(" + ")) + gap
    order = {AT_MOST: "at most", BELOW: "below"}.get(gap, f"at least {gap} below")
    words = f" must be {order} {greater}"
    at = -(-floor // scale)
    low, high = rows[greater][2], rows[greater][3]
    if low <= at <= high:
        assert not any(
            words in p and p.startswith(lesser.split(" + ")[0])
            for p in problems({**base, greater: at})
        )
    if low <= at - 1 <= high:
        assert any(
            words in p and p.startswith(lesser.split(" + ")[0])
            for p in problems({**base, greater: at - 1})
        )
    else:
        assert at - 1 < low, "an envelope that already keeps them apart"


def test_a_relation_is_not_judged_on_a_value_that_is_wrong_by_itself():
    assert len(problems({"cov_mv": 100})) == 1


def test_what_a_person_gave_is_never_derived_again():
    assert Config({"capacity_mah": 50000, "ocd1_ma": 30000, "dcl_ma": 20000}).ocd1_ma == 30000
    whole = Config({"capacity_mah": 50000}).as_dict()
    assert Config(whole).hash == Config({"capacity_mah": 50000}).hash


def test_derived_defaults_are_the_tables_at_the_tables_defaults():
    config = Config()
    for name, _ in DERIVED:
        assert getattr(config, name) == {row[0]: row[1] for row in FIELDS}[name], name


# LiFePO4: the numbers, with where they come from in docs/lfp-defaults.md


@pytest.mark.parametrize(
    "name, value",
    [
        ("cov_mv", 3650),
        ("cov_clear_mv", 3450),
        ("cov_warn_mv", 3550),
        ("chip_cov_mv", 3750),
        ("cov_lock_mv", 3900),
        ("cuv_warn_mv", 3000),
        ("cuv_mv", 2800),
        ("cuv_clear_mv", 3100),
        ("chip_cuv_mv", 2500),
        ("dead_mv", 2000),
        ("utc_ddegc", 0),
        ("utc_clear_ddegc", 50),
        ("otc_ddegc", 500),
        ("otd_ddegc", 600),
        ("utd_ddegc", -200),
        ("otf_ddegc", 850),
        ("ocd1_ms", 10000),
        ("ocd2_ms", 320),
        ("oc_lock_n", 5),
        ("sc_lock_n", 3),
        ("bal_on_mv", 15),
        ("bal_off_mv", 8),
        ("precharge_ms", 2000),
        ("precharge_n", 3),
        ("stale_ms", 1000),
        ("host_watchdog_s", 2),
        ("scan_ms", 250),
    ],
)
def test_defaults_are_those_argued_for(name, value):
    assert getattr(Config(), name) == value


def test_charging_below_freezing_cannot_be_configured_for_lfp():
    assert problems({"utc_ddegc": -1}) and problems({"utc_ddegc": -200})


def test_presets_that_damage_lfp_cells_are_refused():
    for name, value in (
        ("utc_ddegc", -200),
        ("otc_ddegc", 650),
        ("otd_ddegc", 750),
        ("cov_mv", 4150),
    ):
        assert problems({name: value}), name


# from files


def test_json_is_read_and_broken_json_is_one_problem(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"cell_n": 8}')
    assert read_config(str(path)).cell_n == 8
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(str(path))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(str(tmp_path / "none.json"))


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", "3", '"x"', '{"cell_n": NaN}', "[" * 100000]
)
def test_whatever_a_file_holds_only_a_config_error_comes_out(text):
    with pytest.raises(ConfigError):
        from_json(text)


@given(
    st.dictionaries(
        st.sampled_from([row[0] for row in FIELDS] + ["chemistry", "x"]),
        st.integers() | st.text() | st.none() | st.booleans() | st.floats(),
    )
)
def test_any_object_is_taken_whole_or_refused_whole(values):
    try:
        config = from_json(json.dumps(values))
    except ConfigError as error:
        assert error.problems
    else:
        assert all(getattr(config, name) == value for name, value in values.items())


# describing and hashing


def test_every_field_has_a_unit_by_its_name():
    assert {unit(row[0]) for row in FIELDS} == {
        "",
        "mV",
        "mA",
        "mAh",
        "uohm",
        "ms",
        "us",
        "s",
        "0.1 degC",
        "0.1 %",
    }


def test_the_hash_is_small_stable_and_moves_with_every_field():
    config = Config()
    assert 0 <= config.hash < 1 << 30 and config.hash == Config({}).hash
    seen = {config.hash}
    for name, default, _, _, _ in FIELDS:
        for value in (default - 1, default + 1):
            if not problems({name: value}):
                seen.add(Config({name: value}).hash)
    assert len(seen) > len(FIELDS)
    assert Config({"chemistry": "NMC"}).hash not in seen


def test_an_attribute_that_is_no_field_is_an_error():
    with pytest.raises(AttributeError):
        _ = Config().nothing


def test_an_unknown_chemistry_has_no_rows():
    with pytest.raises(ValueError):
        chemistry.rows("NIMH")


def test_the_document_of_defaults_is_that_of_the_source():
    from checks import defaults

    text = defaults.DOC.read_text(encoding="utf-8")
    assert defaults.rewritten(text) == text, "make defaults"
