"""What a start keeps and what waits for the next one never brings back what nobody confirmed, and never loops."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from bms import changes as reports
from bms import unchanged, wanted
from bms.commission_store import CommissionStore
from bms.pack import HOLD_COMMISSION, HOLD_SETTINGS
from bms.report.proven import Proven
from bms.settings import UNSTORED, Settings
from host_tests.system.rig import BOTH, events
from host_tests.system.test_refused_settings import GOOD, NOT_HELD, device, short, used

__all__ = ("device", "short", "used")  # fixtures


def prove(device):
    """As the reporter does, once the monitor is armed and verified."""
    assert device.sim.scan.ready(), events(device.sim)
    assert Proven(device.sim.scan, str(device.folder / "tried")).look()


@pytest.fixture
def first(used, monkeypatch):
    """A start that checks everything; it has not been proved."""
    monkeypatch.setattr("bms.report.proven.forget", lambda: None)  # one module of each name
    Path(unchanged.PATH).unlink()
    assert used.start().config.keep and used.run() == BOTH
    return used


def test_a_proved_start_is_kept(first):
    prove(first)
    assert unchanged.load() is not None


def test_settings_stored_before_a_start_is_proved_are_not_overtaken_by_what_it_keeps(first):
    """The monitor may be silent for as long as a desk takes to change the settings."""
    reports.change_settings(first.sim.scan, GOOD | {"cov_mv": 3630})
    prove(first)
    assert first.start().config.cov_mv == 3630


def test_a_pack_held_before_its_start_is_proved_is_held_after_the_next(first):
    pack = first.sim.pack
    pack.hold(HOLD_COMMISSION)  # as `Rehearsal.begin` does
    store = CommissionStore(pack.config, "sim")
    store.load()
    store.doubt()
    first.run(2)
    prove(first)
    assert first.start().held == HOLD_COMMISSION and first.run() == 0


def test_where_memory_is_short_only_what_was_not_confirmed_can_be_acknowledged(short):
    """config.json is what the device was delivered with: others are in force long since."""
    short.store(GOOD | {"cov_mv": 3630})
    pack = short.start()
    assert not pack.held and pack.config.cov_mv == 3630
    with pytest.raises(OSError):
        reports.acknowledge_settings(pack)
    assert short.start().config.cov_mv == 3630


def edit(device, values):
    """By hand: nobody has installed it."""
    device.write(values)
    pack = device.start()
    assert pack.held == HOLD_SETTINGS and device.run() == 0
    return pack


def test_where_memory_is_short_what_was_confirmed_is_in_force_from_the_next_start_on(short):
    reports.acknowledge_settings(edit(short, GOOD | {"bal_on_mv": 40}))
    for _ in range(2):
        pack = short.start()
        assert pack.config.bal_on_mv == 40 and short.run() == BOTH and not short.who().get("why")
    assert Settings().load().bal_on_mv == 40


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("text", [json.dumps(GOOD | {"cov_mv": 3640}), "[1]", "{", None])
def test_a_file_that_is_another_one_when_it_is_taken_was_confirmed_by_nobody(short, when, text):
    """Changed beneath the running firmware: what a person has seen was in force, not this."""
    pack = edit(short, GOOD | {"bal_on_mv": 40})
    if when == "after":
        reports.acknowledge_settings(pack)
    if text is None:
        Path("config.json").unlink()
    else:
        short.write(text)
    if when == "before":
        reports.acknowledge_settings(pack)
    pack = short.start()
    assert pack.config.cov_mv != 3640 or (pack.held == HOLD_SETTINGS and short.run() == 0)
    assert short.who()["why"] and not Path(wanted.PATH).exists()


@pytest.mark.parametrize("value", [None, "x", [], 0, 1 << 40])
def test_nothing_else_confirms_anything(short, value):
    edit(short, GOOD | {"bal_on_mv": 40})
    want({"confirmed": value})
    assert short.start().held == HOLD_SETTINGS and short.run() == 0
    assert "confirmed" in short.who()["why"]


def want(values):
    Path(wanted.PATH).write_text(json.dumps(values))


def failing(error):
    """A function that does nothing but fail."""

    def fail(*_):
        raise error

    return fail


def test_wanted_settings_for_which_there_is_no_memory_do_not_end_every_start(used, monkeypatch):
    want(GOOD | {"bal_on_mv": 30})
    with monkeypatch.context() as none:
        none.setattr("bms.wanted.Config", failing(MemoryError()))
        pack = used.start()
    assert pack.config.bal_on_mv == 25 and used.run() == BOTH
    assert used.who()["why"] == "MemoryError" and not Path(wanted.PATH).exists()


def test_no_memory_to_store_what_is_in_force_ends_no_start(used, monkeypatch):
    want(GOOD | {"bal_on_mv": 30})
    monkeypatch.setattr(Settings, "change", failing(MemoryError()))
    pack = used.start()
    assert pack.config.bal_on_mv == 30 and pack.config.source == UNSTORED and used.run() == BOTH
    assert used.who()["settings"] == UNSTORED, "and so it is said"
    assert not pack.config.keep, "the files that it would stand for have other settings"


def test_a_configuration_installed_later_is_not_undone_by_what_was_wanted_before(short):
    short.start()
    reports.change_settings(short.sim.scan, GOOD | {"bal_on_mv": 30})
    short.write(GOOD | {"bal_on_mv": 20})
    digest = hashlib.sha256(Path("config.json").read_bytes()).hexdigest()
    short.write(f"0 /main.py\n{digest} /config.json\n", "installed.txt")
    pack = short.start()
    assert pack.config.bal_on_mv == 20 and short.run() == BOTH and not Path(wanted.PATH).exists()
    assert "installed" in short.who()["why"]
    assert short.start().config.bal_on_mv == 20


def test_why_it_was_not_mended_is_told_beside_what_is_wrong(short):
    short.store(NOT_HELD)
    short.start()
    reports.change_settings(short.sim.scan, {"cell_n": 99})
    assert short.start().held == HOLD_SETTINGS and short.run() == 0
    why = short.who()["why"]
    assert "cell_n 99" in why and "scd_ma: 60000" in why


@pytest.mark.parametrize("text", ["", "null", "[]", "7", '{"cell_n": 99}'])
def test_a_refused_file_that_cannot_be_removed_ends_no_start(used, monkeypatch, text):
    """A full littlefs cannot even remove."""
    Path(wanted.PATH).write_text(text)
    monkeypatch.setattr(os, "remove", failing(OSError(28)))
    for _ in range(2):
        pack = used.start()
        assert pack.config.bal_on_mv == 25 and used.run() == BOTH and used.who()["why"]


@pytest.mark.parametrize("values", [{"ntc_n": 4}, {"ntc_n": 8}, {}])
@pytest.mark.parametrize("memory", ["used", "short"])
def test_more_thermistors_than_the_board_has_places_for_are_refused_at_once(
    memory, values, request, monkeypatch
):
    device = request.getfixturevalue(memory)
    device.start()
    monkeypatch.setattr(device.sim.board, "ntcs", "ab" if not values else "abc")
    with pytest.raises(ValueError, match="ntc_n: ., wired are [23]"):
        reports.change_settings(device.sim.scan, GOOD | values)
    pack = device.start()
    assert not pack.held and device.run() == BOTH
    reports.change_settings(device.sim.scan, GOOD | {"ntc_n": 2})
    pack = device.start()
    assert pack.config.ntc_n == 2 and pack.held == HOLD_COMMISSION, "the wiring is another one"
