"""A start whose settings cannot be used: nothing conducts, everything is told, and a desk can mend it."""

import importlib
import json
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from bms import changes as reports
from bms import fallback, unchanged, wanted
from bms.commission_store import CommissionStore
from bms.config import Config, ConfigError
from bms.fields import FIELDS
from bms.pack import HOLD_COMMISSION, HOLD_SETTINGS
from bms.report.link_store import WHO, Store
from bms.settings import CHANGED, EDITED, STORED, UNSTORED, UNUSABLE, Settings, acknowledge
from boards.sim.board import Sim
from host_tests.system.rig import BOTH, conducting, events, seen
from host_tests.unit.test_boards import NAMES, imported
from sim.plant import Plant

GOOD = {"cell_n": 8, "capacity_mah": 50000, "bal_on_mv": 25}
NOT_HELD = {"cell_n": 8, "capacity_mah": 20000}  # 3 C is no step of the monitor's


class Device:
    """A folder with a device's files, started by `bms.start`; `sim`: the pack around its last start."""

    def __init__(self, folder, start):
        self.folder = folder
        self._start = start
        self.sim = None

    def write(self, values, path="config.json"):
        text = values if isinstance(values, str) else json.dumps(values)
        Path(path).write_text(text)

    def store(self, values):
        """As a firmware whose monitor could hold them has done."""
        settings = Settings()
        settings.load()
        settings.change(values)

    def make(self, config):
        if self.sim is not None:
            self.sim.release_pins()
        self.sim = Sim(config, Plant(cell_n=8, ntc_n=config.ntc_n, soc=0.5))
        return self.sim.board

    def start(self):
        scan = self._start.build()
        self.sim.scan, self.sim.pack = scan, scan.pack
        scan.board.cutoff.wake = self.sim._wake
        return scan.pack

    def run(self, seconds=10):
        """Until a reporter could have proved it; were FETs ever on?"""
        on = 0
        for _ in range(4 * seconds):
            self.sim.step()
            on |= conducting(self.sim)
        return on

    def who(self):
        return json.loads(Store(self.sim.pack, "sim", tuple).read(WHO, 0, 999))


@pytest.fixture
def device(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Device(tmp_path, None)
    board = SimpleNamespace(make=lambda config: made.make(config))
    monkeypatch.setitem(sys.modules, "board", board)
    sys.modules.pop("bms.start", None)
    made._start = importlib.import_module("bms.start")
    monkeypatch.setattr(reports, "forget", lambda: None)  # one module of each name
    monkeypatch.setattr(made._start, "checked", lambda: checked(made._start))
    made.write(GOOD)
    CommissionStore(Config(GOOD), "sim").waive("test")
    yield made
    sys.modules.pop("bms.start")


def checked(start):
    """`start.checked` without what only MicroPython's collector has."""
    settings = Settings()
    config = settings.load().bare()
    config.checked, config.keep = True, settings.source == STORED
    config.held, config.source = settings.held, settings.source
    return config


@pytest.fixture
def used(device):
    """It has run, and keeps what the next start may take unchecked."""
    device.write("0 /main.py\n", "installed.txt")
    pack = device.start()
    assert device.run() == BOTH, events(device.sim)
    assert unchanged.save(pack.config)
    return device


def test_settings_that_the_monitor_refuses_leave_those_that_ran_last_and_nothing_conducts(used):
    used.store(NOT_HELD)
    pack = used.start()
    assert used.run() == 0, "a FET was on"
    assert pack.config.bal_on_mv == 25 and pack.held == HOLD_SETTINGS
    assert pack.snap.fresh and len(pack.snap.cell_mv) >= 8 and used.sim.scan.ready()
    assert seen(used.sim, "settings", UNUSABLE)
    who = used.who()
    assert who["settings"] == UNUSABLE and "scd_ma: 60000 is 40000" in who["why"]


def test_they_are_mended_at_the_desk_and_the_next_start_conducts(used):
    used.store(NOT_HELD)
    pack = used.start()
    used.run()
    with pytest.raises(OSError, match="not what is in force"):
        acknowledge(pack)
    with pytest.raises(ValueError, match="scd_ma"):
        reports.change_settings(used.sim.scan, NOT_HELD)
    assert pack.held
    reports.change_settings(used.sim.scan, NOT_HELD | {"scd_ma": 80000})
    assert used.run() == 0, "not before it has started with them"
    pack = used.start()
    assert used.run() == BOTH and pack.config.scd_ma == 80000 and not used.who().get("why")


def test_without_settings_that_ran_the_factorys_for_this_pack_are_in_force(device):
    device.write(NOT_HELD)
    pack = device.start()
    assert device.run() == 0 and pack.snap.fresh
    config = pack.config
    assert (config.cell_n, config.capacity_mah, config.keep) == (8, 100000, False)
    reports.change_settings(device.sim.scan, GOOD)
    device.start()
    assert device.run() == BOTH


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cell_n": "x"}', None])
def test_a_board_that_nobody_has_described_waits_to_be_told(device, text):
    if text is None:
        (device.folder / "config.json").unlink()
    else:
        device.write(text)
    pack = device.start()
    assert device.run() == 0 and pack.held & HOLD_SETTINGS
    with pytest.raises(ConfigError):
        acknowledge(pack)
    reports.change_settings(device.sim.scan, GOOD)
    device.start()
    assert device.run() == BOTH


def test_a_file_edited_by_hand_that_the_monitor_refuses_is_mended_too(used):
    """Both at once: the file is held until acknowledged, and nobody can."""
    used.write(NOT_HELD)
    pack = used.start()
    settings = Settings()
    settings.load()
    assert settings.source == EDITED and used.run() == 0
    with pytest.raises(OSError):
        acknowledge(pack)
    reports.change_settings(used.sim.scan, GOOD | {"cell_n": 8})
    used.start()
    assert used.run() == BOTH


def test_the_same_settings_again_cannot_be_acknowledged_past_the_wiring(used):
    """What is in force and what is stored agree again; what else holds the pack holds it still."""
    used.store(NOT_HELD)
    CommissionStore(Config(GOOD), "sim").forget()
    pack = used.start()
    assert pack.held == HOLD_SETTINGS | HOLD_COMMISSION
    reports.change_settings(used.sim.scan, GOOD)
    acknowledge(pack)
    assert pack.held == HOLD_COMMISSION and used.run() == 0


@pytest.fixture
def short(used, monkeypatch):
    """A board that has no room to check settings while it runs."""

    def change(*_):
        raise MemoryError

    monkeypatch.setattr("bms.settings.change", change)
    monkeypatch.setattr("bms.settings.acknowledge", change)
    return used


def test_where_memory_is_short_the_next_start_checks_and_stores(short):
    short.start()
    short.run()
    reports.change_settings(short.sim.scan, GOOD | {"bal_on_mv": 30})
    assert short.sim.pack.config.bal_on_mv == 25 and short.run() == BOTH
    for _ in range(2):
        pack = short.start()
        assert pack.config.bal_on_mv == 30 and short.run() == BOTH
        assert not Path(wanted.PATH).exists() and not pack.config.why


def test_what_was_stored_later_is_not_undone_by_what_was_wanted_before(used, monkeypatch):
    used.start()
    with monkeypatch.context() as short:
        short.setattr("bms.settings.change", lambda *_: (_ for _ in ()).throw(MemoryError()))
        reports.change_settings(used.sim.scan, GOOD | {"bal_on_mv": 30})
    reports.change_settings(used.sim.scan, GOOD | {"bal_on_mv": 35})
    assert used.start().config.bal_on_mv == 35


@pytest.mark.parametrize("values", [NOT_HELD, {"cell_n": 99}, {"x": 1}])
def test_what_the_next_start_refuses_changes_nothing_and_is_told(short, values):
    short.start()
    reports.change_settings(short.sim.scan, values)
    pack = short.start()
    assert pack.config.bal_on_mv == 25 and short.run() == BOTH
    assert short.who()["why"] and not Path(wanted.PATH).exists()
    short.start()
    assert "why" not in short.who()


@pytest.mark.parametrize("n", [0, 1, 20])
def test_wanted_settings_that_were_cut_off_are_refused(short, n):
    short.start()
    reports.change_settings(short.sim.scan, GOOD | {"bal_on_mv": 30})
    whole = Path(wanted.PATH).read_text()
    Path(wanted.PATH).write_text(whole[:n])
    assert short.start().config.bal_on_mv == 25 and short.run() == BOTH


def test_wanted_settings_mend_those_that_cannot_be_used(short):
    short.store(NOT_HELD)
    short.start()
    assert short.run() == 0
    reports.change_settings(short.sim.scan, GOOD)
    short.start()
    assert short.run() == BOTH
    assert Settings().load().bal_on_mv == 25


def test_a_full_disk_leaves_wanted_settings_in_force_and_wanted(short, monkeypatch):
    short.start()
    reports.change_settings(short.sim.scan, GOOD | {"bal_on_mv": 30})

    def full(*_):
        raise OSError("no space")

    monkeypatch.setattr(Settings, "change", full)
    for _ in range(2):
        pack = short.start()
        assert pack.config.bal_on_mv == 30 and pack.config.source == UNSTORED
        assert Path(wanted.PATH).exists() and short.run() == BOTH


def test_what_waits_to_be_acknowledged_is_not_changed_past_it(short):
    short.write(GOOD | {"bal_on_mv": 40})
    pack = short.start()
    assert pack.held == HOLD_SETTINGS
    with pytest.raises(OSError, match="acknowledged"):
        reports.change_settings(short.sim.scan, GOOD)
    assert not Path(wanted.PATH).exists()
    reports.acknowledge_settings(pack)
    assert short.run() == 0, "from the next start on"
    pack = short.start()
    assert short.run() == BOTH and pack.config.bal_on_mv == 40
    short.start()
    assert short.run() == BOTH


def test_what_cannot_be_used_is_not_acknowledged_where_memory_is_short(short):
    short.store(NOT_HELD)
    with pytest.raises(OSError, match="not what is in force"):
        reports.acknowledge_settings(short.start())
    assert not Path(wanted.PATH).exists()


def test_sources_have_one_number():
    assert (reports.CHANGED, reports.UNUSABLE) == (CHANGED, UNUSABLE)
    assert reports.WANTED == wanted.PATH
    assert reports._NTC_N == Config().ntc_n


def test_a_version_on_trial_does_not_start_otherwise(used, tmp_path):
    """boot.py goes back to the version that takes these settings."""
    used.store(NOT_HELD)
    error = ValueError("scd_ma")
    with pytest.raises(ValueError) as raised:
        fallback.fallback(
            error,
            lambda config: used._start.assemble(config, ()),
            tried=str(tmp_path / "config.json"),
        )
    assert raised.value is error


def test_settings_kept_by_a_firmware_with_fewer_fields_are_not_taken(used):
    real = unchanged.load

    def older(root="", stale=False):
        values = real(root, stale)
        if values is not None:
            delattr(values, FIELDS[-1][0])
        return values

    used.store(NOT_HELD)
    unchanged.load = older
    try:
        pack = used.start()
    finally:
        unchanged.load = real
    assert used.run() == 0 and pack.config.bal_on_mv == 15


@pytest.mark.parametrize("name", NAMES)
def test_every_monitor_takes_some_settings(name, tmp_path, monkeypatch):
    """Nothing is known: no file, no store."""
    monkeypatch.chdir(tmp_path)
    taken = []
    for board in imported(name, monkeypatch):
        made = fallback.fallback(ValueError("x"), partial(load, board, taken))
        assert taken == [made] and made.held and made.source == UNUSABLE


def load(board, taken, config):
    board.make(config).guard.load(config)
    taken.append(config)
    return config
