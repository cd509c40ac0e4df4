"""The files of a board in the emulated Pico's flash, without the long way through its console."""

import json
import tempfile
from pathlib import Path

from abstore import FileSlot
from bms import unchanged
from bms.commission_store import PATHS, CommissionStore
from bms.config import Config
from bms.fault_rows import resolved
from bms.settings import Settings
from deploy.files import files
from emulate import disk
from emulate.pico import FS_N
from sim.flash import Slot

ROOT = Path(__file__).resolve().parents[2]


def content(board: str, config: dict, patches=None) -> list:
    """(path, bytes) of everything on the device. `patches`: path on the device -> other content."""
    found = [pair for pair in files(board) if pair[0] != "/config.json"]
    found.append(("/config.json", json.dumps(config).encode()))
    for path, data in (patches or {}).items():
        stem = path.removesuffix(".py")
        found = [pair for pair in found if pair[0] not in (path, stem + ".mpy")]
        found.append((path, data))
    return found


def waived(board: str, config: dict, passed=()) -> list:
    """(path, bytes) of a waived commissioning: nobody warms the thermistors of an emulator.

    `passed`: steps that had passed before.
    """
    slots = (Slot(), Slot())
    store = CommissionStore(Config(config), board, slots)
    store.passed.update({name: {} for name in passed})
    store.waive("emulator")
    return [("/" + PATHS[i], slots[i].data) for i in range(2)]


def checked(pairs) -> list:
    """(path, bytes) that a start with these files leaves behind once it has checked the settings."""
    with tempfile.TemporaryDirectory() as folder:
        root = folder + "/"
        for path, data in pairs:
            if path.count("/") == 1:
                Path(root + path[1:]).write_bytes(data)
        slots = (FileSlot(root + "settings.a"), FileSlot(root + "settings.b"))
        values = Settings(slots, root + "config.json", root + "installed.txt").load().bare()
        assert unchanged.save(values, rows=resolved(values), root=root)
        made = ("settings.a", "settings.b", unchanged.PATH)
        return [("/" + name, Path(root + name).read_bytes()) for name in made]


def flash_with(pairs) -> bytes:
    """A file system that holds these files."""
    return disk.build(pairs, FS_N)
