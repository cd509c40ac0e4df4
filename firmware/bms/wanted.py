"""Settings that somebody wants, kept until the next start, where there is room to check them.

A running board with little memory cannot: the tables that check take 50 KB. At the start they are taken
if table and monitor take them, and stored; refused, nothing stays of them, and the status says why.
What somebody has confirmed is only named by its hash: the start takes it if that is what it finds.
"""

import json
import os

from bms.config import Config
from bms.journal import SETTINGS
from bms.settings import STORED, UNSTORED, Settings

PATH = "wanted.json"
_BAD = (OSError, ValueError, RuntimeError, MemoryError)  # RuntimeError: nested too deep


def first(assemble, settings=None, root: str = ""):
    """(what `assemble(config)` makes of them, ""), or (None, why they are refused)."""
    settings = Settings() if settings is None else settings
    try:
        with open(root + PATH) as file:
            values = json.load(file)
        if not isinstance(values, dict):
            raise ValueError("no settings")
        values = settings.want(values)
        config = Config(values).bare()
        config.checked = config.keep = True
        config.source = STORED
        scan = assemble(config)
    except _BAD as error:
        try:
            os.remove(root + PATH)
        except OSError:  # a full disk; a start does not end here
            pass
        return None, " ".join(str(error).split()) or type(error).__name__
    try:
        settings.change(values)
        os.remove(root + PATH)
    except (OSError, MemoryError):  # they are in force, and wanted still
        config.keep = False
        config.source = UNSTORED
        scan.pack.journal.note(SETTINGS, UNSTORED, -1, config.hash, config.hash, scan.pack)
    return scan, ""
