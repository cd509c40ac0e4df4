"""What a person changes while the firmware runs, with the tables that check it: loaded for that, then forgotten."""

import gc
import json
import os

from micropython import const

from bms.forget import forget
from bms.journal import SETTINGS
from bms.pack import HOLD_SETTINGS

CHANGED = const(6)  # sources, as in `bms.settings`
UNUSABLE = const(10)
WANTED = "wanted.json"  # as in `bms.wanted`
_NTC_N = const(3)  # default, as in `bms.fields`


def change_settings(scan, values) -> None:
    """Store these values; they count from the next start on. `ValueError`: refused, by our table or the monitor's.

    Where memory is too short to check them, the next start does.
    """
    wired(values, scan.board.ntcs)
    pack = scan.pack
    now = pack.config.hash
    anew = pack.config.source == UNUSABLE
    pack.config.keep = False  # not for files that say something else
    then = 0
    try:
        from bms.settings import change

        then = change(values, None, getattr(scan.board.guard, "check", None), anew)
    except MemoryError:
        pass
    finally:
        forget()
    if not then:
        leave(pack.held & HOLD_SETTINGS and not anew, values)
    else:
        try:
            os.remove(WANTED)
        except OSError:  # nothing was
            pass
    pack.journal.note(SETTINGS, CHANGED, -1, now, then, pack)


def wired(values, ntcs) -> None:
    """`ValueError`: the board has no places for so many thermistors; its driver knows those in use alone."""
    n = values.get("ntc_n", _NTC_N)
    if ntcs and type(n) is int and n > len(ntcs):
        raise ValueError(f"ntc_n: {n}, wired are {len(ntcs)}")


def leave(held, values) -> None:
    """For the next start; one that is cut here is no JSON, and refused."""
    if held:
        raise OSError("settings wait to be acknowledged")
    gc.collect()
    with open(WANTED, "w") as file:
        json.dump(values, file)


def acknowledge_settings(pack) -> None:
    """A person wants what is in force; where memory is short, from the next start on."""
    try:
        from bms.settings import acknowledge

        return acknowledge(pack)
    except MemoryError:
        pass
    finally:
        forget()
    if pack.config.source == UNUSABLE or not pack.held & HOLD_SETTINGS:
        raise OSError("not what is in force: change the settings, or start again")
    leave(0, {"confirmed": pack.config.hash})
