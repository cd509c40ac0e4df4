"""A start whose settings cannot be used: with others, FETs held off, so that somebody can mend them.

Loaded only then. In force are the settings that ran last, or the factory's for as much as is known of the
pack, or for some pack that the monitor takes. Nobody can acknowledge them: the hold ends with a start
whose own settings are good. Never on trial: a new version that does not take the settings goes back.
"""

import gc
import os

from bms import unchanged
from bms.config import Config, ConfigError
from bms.fields import FIELDS
from bms.settings import UNUSABLE, Settings

_TRIED = "/previous/tried"  # of boot.py
_ABOUT = ("chemistry", "cell_n", "ntc_n", "shunt_uohm")
_CELLS = (16, 12, 8)  # each monitor takes one of them
_SENSORS = (3, 2, 1)


def fallback(error, assemble, settings=None, root: str = "", tried: str = _TRIED):
    """What `assemble(config)` makes of the first settings that it takes; else `error` is raised."""
    try:
        os.stat(tried)
    except OSError:  # no trial
        pass
    else:
        raise error
    settings = Settings() if settings is None else settings
    for config in _candidates(settings, root):
        config.source = UNUSABLE
        config.held = True
        config.checked = True
        config.keep = False
        config.why = " ".join(str(error).split())
        gc.collect()
        try:
            return assemble(config)
        except ValueError:
            continue
    raise error


def _candidates(settings, root: str):
    last = unchanged.load(root, True)
    if last is not None and all([hasattr(last, row[0]) for row in FIELDS]):
        yield last
    settings.try_load()
    about = {name: settings.given[name] for name in _ABOUT if name in settings.given}
    cells = [about["cell_n"]] if "cell_n" in about else []
    tries = [about]
    for cell_n in cells + [n for n in _CELLS if n not in cells]:
        for ntc_n in _SENSORS:
            tries.append({"cell_n": cell_n, "ntc_n": ntc_n})
    for given in tries:
        given["precharge_on"] = 0  # not every board can
        try:
            yield Config(given).bare()
        except ConfigError:
            continue
