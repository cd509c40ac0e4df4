"""Settings: what is in force is what a person last confirmed, or the FETs stay off."""

import hashlib
import json
import struct

import pytest

from abstore import ABStore
from bms import journal
from bms.config import Config, ConfigError
from bms.fields import FIELDS
from bms.pack import HOLD_SETTINGS, Pack
from bms.settings import (
    ACKNOWLEDGED,
    CHANGED,
    EDITED,
    FACTORY,
    FIRST,
    GIVEN,
    LAYOUT,
    MENDED_ONE,
    REFUSED_FILE,
    SOURCES,
    STORED,
    TO_BE_LOOKED_AT,
    UNSTORED,
    UNUSABLE,
    Settings,
    acknowledge,
    change,
    encode,
)
from host_tests.system.rig import conducting
from host_tests.unit.test_abstore import Memory
from host_tests.unit.test_jbd_slave import COMMIT, ENTER, Wire
from roles import BOTH, CHG

GIVEN_1 = {"cell_n": 4, "ntc_n": 2, "capacity_mah": 50000, "cov_mv": 3600, "pov_cell_mv": 3570}
TIGHT = {**GIVEN_1, "cov_mv": 3580}
LOOSE = {**GIVEN_1, "cov_mv": 3650}


class Device:
    """A file system with config.json, the list of what was installed, and two slots."""

    def __init__(self, folder):
        self.path = folder / "config.json"
        self.installed = folder / "installed.txt"
        self.slots = (Memory(), Memory())
        self.install(GIVEN_1)

    def install(self, values):
        """As `make flash CONFIG=` does."""
        self.path.write_text(json.dumps(values))
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        self.installed.write_text(f"{'0' * 64} /main.py\n{digest} /config.json\n")

    def settings(self):
        return Settings(self.slots, str(self.path), str(self.installed))

    def start(self):
        settings = self.settings()
        return settings, settings.load()


@pytest.fixture
def device(tmp_path):
    return Device(tmp_path)


@pytest.fixture
def used(device):
    """Started once, then made tighter by its user."""
    settings, _ = device.start()
    settings.change(TIGHT)
    return device


def test_the_first_start_takes_the_file_and_stores_it(device):
    settings, config = device.start()
    assert settings.source == FIRST and not settings.held
    assert config.as_dict() == Config(GIVEN_1).as_dict()
    device.path.unlink()
    settings, config = device.start()
    assert settings.source == STORED and config.hash == Config(GIVEN_1).hash


def test_a_change_is_in_force_after_the_next_start(used):
    settings, config = used.start()
    assert (settings.source, settings.held, config.cov_mv) == (STORED, False, 3580)
    assert settings.given == {**TIGHT, "chemistry": "LFP"}


def test_what_was_not_given_is_still_derived(device):
    settings, _ = device.start()
    settings.change({**GIVEN_1, "capacity_mah": 20000})
    _, config = device.start()
    assert config.hash == Config({**GIVEN_1, "capacity_mah": 20000}).hash


@pytest.mark.parametrize("which", [0, 1])
def test_no_bit_of_one_copy_can_loosen_a_limit(used, which):
    whole = [slot.data for slot in used.slots]
    for at in range(0, len(whole[which]) * 8, 3):
        bad = bytearray(whole[which])
        bad[at // 8] ^= 1 << at % 8
        used.slots[0].data, used.slots[1].data = whole
        used.slots[which].data = bytes(bad)
        settings, config = used.start()
        assert (config.cov_mv, settings.source, settings.held) == (3580, MENDED_ONE, False)
        assert "damaged" in settings.problems[0]


def test_with_both_copies_bad_the_file_is_in_force_and_nothing_closes_until_acknowledged(used):
    for slot in used.slots:
        slot.data = slot.data[:-3]
    settings, config = used.start()
    assert settings.source == FACTORY and settings.held and config.cov_mv == 3600
    settings, _ = used.start()
    assert settings.held, "a restart is no acknowledgement"
    settings.acknowledge()
    assert settings.source == ACKNOWLEDGED and not settings.held
    settings, config = used.start()
    assert (settings.source, settings.held, config.cov_mv) == (STORED, False, 3600)


def test_a_pack_that_nobody_described_does_not_run(used):
    used.path.unlink()
    for slot in used.slots:
        slot.data = b"?"
    with pytest.raises(ConfigError, match="no settings are stored"):
        used.start()
    used.slots[0].data = used.slots[1].data = b""
    with pytest.raises(ConfigError):
        used.start()


def test_a_file_that_the_installer_laid_down_later_wins(used):
    used.install(LOOSE)
    settings, config = used.start()
    assert (settings.source, settings.held, config.cov_mv) == (GIVEN, False, 3650)
    assert used.start()[0].source == STORED


def test_a_file_that_only_changed_does_not_win_silently(used):
    """A flipped bit makes 3600 of 3500 as well as a person does."""
    used.path.write_text(used.path.read_text().replace("3600", "3640"))
    settings, config = used.start()
    assert settings.source == EDITED and settings.held and config.cov_mv == 3640
    settings.acknowledge()
    assert used.start()[0].source == STORED


def test_no_flipped_bit_of_the_file_changes_a_limit_without_holding_the_fets_off(used):
    text = used.path.read_bytes()
    for at in range(len(text) * 8):
        bad = bytearray(text)
        bad[at // 8] ^= 1 << at % 8
        used.path.write_bytes(bad)
        settings, config = used.start()
        assert settings.held or config.cov_mv == 3580, bad


def test_a_file_in_other_words_is_the_same_file(device):
    device.start()
    device.path.write_text(json.dumps(GIVEN_1, indent=4))
    assert device.start()[0].source == STORED


def test_a_newer_firmwares_settings_hold_the_fets_off(used):
    ABStore(used.slots, LAYOUT + 1).save(b"unknown")
    settings, _ = used.start()
    assert settings.held and any("newer" in text for text in settings.problems)


def test_a_field_that_only_a_newer_firmware_has_survives_an_older_one(device):
    data = encode(GIVEN_1, 0, struct.pack("<Bi", len(FIELDS) + 3, 77))
    ABStore(device.slots, LAYOUT).save(data)
    device.path.unlink()
    settings, config = device.start()
    assert config.hash == Config(GIVEN_1).hash
    settings.change(TIGHT)
    assert struct.pack("<Bi", len(FIELDS) + 3, 77) in device.slots[0].data
    assert device.start()[1].cov_mv == 3580


def test_stored_values_outside_todays_range_hold_the_fets_off(used):
    ABStore(used.slots, LAYOUT).save(encode({**TIGHT, "cov_mv": 4200}, 1))
    settings, config = used.start()
    assert settings.held and config.cov_mv == 3600
    assert any("cov_mv 4200" in text for text in settings.problems)


def test_a_change_that_is_refused_changes_nothing(used):
    settings, _ = used.start()
    before = used.slots[0].data
    with pytest.raises(ConfigError):
        settings.change({**TIGHT, "cov_mv": 4200})
    used.slots[0].refuse = used.slots[1].refuse = True
    with pytest.raises(OSError):
        settings.change(LOOSE)
    assert used.slots[0].data == before and used.start()[1].cov_mv == 3580


def test_a_full_disk_at_the_first_start_is_no_reason_not_to_run(device):
    device.slots[0].refuse = device.slots[1].refuse = True
    settings, config = device.start()
    assert config.cov_mv == 3600 and not settings.held
    assert "could not be stored" in settings.problems[0] and settings.source == UNSTORED


def test_every_field_and_chemistry_comes_back_from_the_store(device):
    for chemistry in ("LFP", "NMC", "LTO"):
        values = Config({"chemistry": chemistry, "cell_n": 8}).as_dict()
        settings = device.settings()
        settings.load()
        settings.change(values)
        assert device.start()[1].as_dict() == values


def test_a_held_pack_stays_off_whoever_unlocks_it():
    from host_tests.system.rig import running

    sim = running(cell_n=4)
    assert conducting(sim) == BOTH
    sim.pack.hold(HOLD_SETTINGS)
    sim.run(1)
    assert conducting(sim) == 0
    sim.pack.lock_fets(0)
    sim.pack.request(16)
    sim.run(5)
    assert conducting(sim) == 0
    sim.pack.lock_fets(CHG)
    sim.pack.unhold(HOLD_SETTINGS)
    sim.run(5)
    assert sim.pack.user_off == CHG and conducting(sim) == 4


def test_acknowledging_ends_the_hold_of_a_running_pack(used):
    for slot in used.slots:
        slot.data = b"?"
    settings, config = used.start()
    pack = Pack(config.bare())
    pack.hold(HOLD_SETTINGS | 2)
    with pytest.raises(OSError, match="acknowledged"):
        change(TIGHT, used.settings())
    acknowledge(pack, used.settings())
    assert pack.held == 2, "what others hold it for is theirs"
    assert pack.journal.record(0)["item"] == ACKNOWLEDGED
    assert used.start()[0].source == STORED
    assert change(TIGHT, used.settings()) == Config(TIGHT).hash


def test_what_nobody_has_looked_at_is_not_acknowledged(used):
    for slot in used.slots:
        slot.data = b"?"
    _, config = used.start()
    pack = Pack(config.bare())
    pack.hold(HOLD_SETTINGS)
    used.install(LOOSE)
    with pytest.raises(OSError, match="not what is in force"):
        acknowledge(pack, used.settings())
    assert pack.held == HOLD_SETTINGS


def test_what_is_written_by_jbd_is_in_force_after_the_next_start(used):
    wire = Wire(lambda values: change(values, used.settings()), **used.start()[1].as_dict())
    wire.slave.unlock(10000)
    wire.send(ENTER)
    assert wire.write(0x18, struct.pack(">H", 2731 + 480)) == 0
    assert wire.send(COMMIT)[2] == 0
    settings, config = used.start()
    assert (settings.source, config.otc_ddegc, config.cov_mv) == (STORED, 480, 3580)
    for slot in used.slots:
        slot.data = b"?"
    wire.send(ENTER)
    assert wire.write(0x18, struct.pack(">H", 2731 + 490)) == 0
    assert wire.send(COMMIT)[2] == 0x81, "nobody has acknowledged what is in force"


def test_what_happened_has_words_and_a_kind():
    assert len(SOURCES) == UNUSABLE + 1 and CHANGED < len(SOURCES)
    assert all("held off" in SOURCES[source] for source in (EDITED, FACTORY, UNUSABLE))
    assert set(TO_BE_LOOKED_AT) == {EDITED, FACTORY, MENDED_ONE, REFUSED_FILE, UNSTORED, UNUSABLE}
    assert journal.NAMES[journal.SETTINGS] == "settings"
    assert Pack(Config()).held == 0
