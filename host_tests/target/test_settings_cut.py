"""Settings that a Pico stores in its littlefs, cut at every write to its flash: all of the old or all of the new.

Recorded once, often enough for littlefs to tidy up in the middle of one. Every moment of it is looked at: what is
in the flash, with the firmware's own start run over that, and for some of them the emulated Pico itself. Never
are they held off for it: nobody has damaged them.
"""

import tempfile
from pathlib import Path

import pytest

from abstore import FileSlot
from bms import unchanged
from bms.config import Config
from bms.settings import Settings
from deploy.plan import with_list
from host_tests.target import rig

GIVEN = {"cell_n": 16, "precharge_on": 0, "sc_hold_ms": 5000, "capacity_mah": 90000}
CHANGES = 9  # littlefs tidies a folder up after 16 small writes; each change is two


def settings(number: int) -> dict:
    """What is stored by each change: several values that belong together."""
    more = {"sc_hold_ms": 5000 + number, "capacity_mah": 90000 + number, "ocd1_ma": 55000 + number}
    return {**GIVEN, **more} if number else GIVEN


NUMBERS = {Config(settings(number)).hash: number for number in range(CHANGES + 1)}
STORES = "from bms.settings import change\nprint(change({!r}))"
STARTS = """
from bms import unchanged
from bms.start import checked
found = unchanged.load() or checked()
print(found.hash, getattr(found, "held", False))
"""


class Changes:
    """The flash chip's log, and how many of its steps had been done when each change was."""

    def __init__(self):
        pairs = with_list(sorted(rig.content(rig.BOARD, GIVEN)))
        pico = quiet(rig.flash_with(pairs + rig.checked(pairs)))
        self.log = rig.FlashLog(pico)
        self.done = [0]
        for number in range(1, CHANGES + 1):
            said = pico.execute(STORES.format(settings(number)))
            assert NUMBERS[int(said)] == number
            self.done.append(len(self.log.steps))


def quiet(content):
    """A Pico at its raw prompt; without a watchdog, as its jumper is closed."""
    pico = rig.Bench(flash=content).pico
    pico.boot()
    pico.enter_raw()
    return pico


@pytest.fixture(scope="module")
def changes():
    return Changes()


def started(content) -> int:
    """Which settings a start has that finds this in the flash; the firmware's own start, on this side."""
    with tempfile.TemporaryDirectory() as folder:
        for path, data in rig.read(content).items():
            if path.count("/") == 1:
                Path(folder + path).write_bytes(data)
        root = folder + "/"
        slots = (FileSlot(root + "settings.a"), FileSlot(root + "settings.b"))
        store = Settings(slots, root + "config.json", root + "installed.txt")
        found = unchanged.load(root) or store.load()
        assert not store.held, store.problems
        return NUMBERS[found.hash]


@pytest.mark.parametrize("torn", [False, True], ids=["between writes", "within a write"])
def test_whatever_write_the_power_goes_at_all_the_old_settings_are_there_or_all_the_new(
    changes, torn
):
    found = [started(content) for _, content in changes.log.cuts(torn)]
    assert any(data is None for _, data, _ in changes.log.steps), "littlefs has not tidied up"
    assert found == sorted(found), "once new, never old again"
    for number, (begun, done) in enumerate(zip(changes.done, changes.done[1:])):
        assert found[begun] == number
        assert set(found[begun : done + 1]) == {number, number + 1}, number


def test_the_pico_itself_starts_with_what_we_say_it_does(changes):
    cuts = [content for _, content in changes.log.cuts()]
    erase = next(i for i, (_, data, _) in enumerate(changes.log.steps) if data is None)
    for i in (1, erase + 1, len(cuts) - 2):
        number, held = quiet(cuts[i]).execute(STARTS).split()
        assert (NUMBERS[int(number)], held) == (started(cuts[i]), "False")
