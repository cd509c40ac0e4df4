"""A person with a folder and a cable to an emulated Pico: the real `cellwarden` command on its console."""

import binascii
import contextlib
import json
import re
import signal
import sys

from abstore import ABStore
from bms.settings import LAYOUT, encode
from host_tests.target import rig
from sim.flash import Slot

PATIENCE = "100"  # of a client, as an emulated board is many times slower
SCANS_AFTER_MS = 6000  # a window is closed five seconds after its trip


class Desk:
    def __init__(self, bench, folder):
        self.bench = bench
        self.folder = folder
        self.key = folder / "key"
        self.cable = rig.Cable(bench.pico)

    def give(self, *words, code=0, act=None):
        """What a command says that ends with this code."""
        line = [sys.executable, "-m", "cellwarden", *words]
        if "--from" not in words and words[0] != "replay":
            line += ["--port", self.cable.port]
            if (
                words[0] != "flash"
            ):  # it knows that this board is an emulated one, and needs no key
                line += ["--patience", PATIENCE]
                line += ["--key", self.key] if self.key.exists() else []
        got, said = self.cable.run(line, act=act)
        assert got == code and "Traceback" not in said, (words, got, said)
        return said

    def json(self, *words, **more):
        return json.loads(self.give(*words, "--json", **more))

    def own(self):
        """A board that nobody owns gets its key."""
        assert "the board's key is in" in self.give("unlock", "--new-key", self.key)

    def cut_at(self, text):
        """The cable comes off once the command has said this."""
        return once(text, lambda program: self.cable.cut())


@contextlib.contextmanager
def at_the(bench, folder):
    desk = Desk(bench, folder)
    try:
        yield desk
    finally:
        desk.cable.close()


def stop_at(text):
    """Ctrl-C once the command has said this."""
    return once(text, lambda program: program.send_signal(signal.SIGINT))


def once(text, do):
    """`do(program)` as soon as it has said this, once."""
    done = []

    def act(program, said):
        if text in said and not done:
            done.append(True)
            do(program)

    return act


def error_of(said):
    """The one line of a command that failed."""
    *_, last = said.strip().splitlines()
    assert last.startswith("cellwarden: ") and said.count("cellwarden: ") == 1, said
    return last


def trip(bench):
    """A short circuit, and the scans that its window keeps."""
    bench.touch(lambda plant: plant.outside.short(0.005))
    rig.us_until(bench, bench.off, 250)
    bench.touch(lambda plant: plant.outside.short(0))
    bench.pico.run_ms(SCANS_AFTER_MS)


def put(bench, change):
    """Hold it in reset while `change(files)` changes its file system, path -> bytes; it stays held."""
    bench.pico.hold_reset(True)
    there = rig.read(bench.pico.flash())
    change(there)
    bench.pico.mcu.flash[rig.FS_AT : rig.FS_AT + rig.FS_N] = rig.flash_with(list(there.items()))


def stored(values, config: bytes) -> dict:
    """Path -> bytes of a store with these settings, which began from this config.json."""
    slots = (Slot(), Slot())
    ABStore(slots, LAYOUT).save(encode(values, binascii.crc32(config)))
    return {f"/settings.{which}": slot.data for which, slot in zip("ab", slots)}


def flash(desk, *more, **expected) -> str:
    """What `cellwarden flash` says."""
    return desk.give("flash", "--board", rig.BOARD, *more, **expected)


def sent(said: str) -> list:
    """Paths that were begun."""
    return re.findall(r"^\d+/\d+ (\S+) \d+ B$", said, re.MULTILINE)
