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
CONFIRMED = "confirmed"
NTC_N = const(3)  # default, as in `bms.fields`


def change_settings(scan, values) -> None:
    """Store these values; they count from the next start on. `ValueError`: refused, by our table or the monitor's.

    Where memory is too short to check them, or the driver has no `check`, the next start does.
    """
    wired(values, scan.board.ntcs)
    pack = scan.pack
    now = pack.config.hash
    anew = pack.config.source == UNUSABLE
    pack.config.keep = False  # not for files that say something else
    then = 0
    try:
        then = stored(values, getattr(scan.board.guard, "check", None), anew)
    except MemoryError:
        pass
    finally:
        forget()
    if then:
        no_more_wanted()
    else:
        leave(pack.held & HOLD_SETTINGS and not anew, values)
    pack.journal.note(SETTINGS, CHANGED, -1, now, then, pack)


def stored(values, check, anew) -> int:
    """Hash of the next start's settings; 0: whether the monitor takes them is not known yet."""
    from bms.settings import Config, change

    if check is None:
        Config(values)
        return 0
    return change(values, None, check, anew)


def wired(values, ntcs) -> None:
    """`ValueError`: the board has no places for so many thermistors; its driver knows those in use alone."""
    n = values.get("ntc_n", NTC_N)
    if ntcs and type(n) is int and n > len(ntcs):
        raise ValueError(f"ntc_n: {n}, the board has places for {len(ntcs)}")


def leave(held, values) -> None:
    """For the next start; one that is cut here is no JSON, and refused."""
    if held:
        raise OSError("settings wait to be acknowledged")
    gc.collect()
    with open(WANTED, "w") as file:
        json.dump(values, file)


def no_more_wanted() -> None:
    try:
        os.remove(WANTED)
    except OSError:  # nothing was
        pass


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
    leave(0, {CONFIRMED: pack.config.hash})
