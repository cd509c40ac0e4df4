"""`cellwarden calibrate`: readings against a meter, one or two points each."""

import re
import time
from datetime import date

import click

from cellwarden import offer
from cellwarden.common import as_json, on_board, say
from cellwarden.desk import DeskLine, good
from cellwarden.problem import Lost, Problem

_WAIT_S = 15
_UNITS = {"cell": "mV", "current": "mA, + = charging", "ntc": "0.1 degC"}


_NEGATIVE = {"ignore_unknown_options": True}  # -1000 is a number, no option


@click.command(
    short_help="Correct cells, current and sensors by your meter.", context_settings=_NEGATIVE
)
@click.argument("what", metavar="cell3|ntc1|current", shell_complete=offer.readings)
@click.argument("true", type=click.IntRange(-1_000_000, 1_000_000), required=False)
@click.option(
    "--keep", is_flag=True, help="store what the points make, after this one if one is given"
)
@click.option("--clear", is_flag=True, help="back to what the monitor says")
@on_board
@as_json
def calibrate(what, true, keep, clear, target, as_json):
    """Tell what your meter shows: mV of a cell, mA (+ = charging), 0.1 degC of an NTC.

    One point corrects the offset. For the gain too: one point without --keep, change voltage or
    current, then the second with --keep.
    """
    kind, which = _of(what)
    if true is None and not keep and not clear:
        raise Problem(
            f"what does your meter show? cellwarden calibrate {what} NUMBER ({_UNITS[kind]})"
        )
    with target.board() as board:
        desk = DeskLine(board)
        if clear:
            good(desk.request("uncalibrate", kind=kind, which=which))
        if true is not None:
            take_point(desk, kind, which, true)
        if keep:
            good(desk.request("calibrate", date=date.today().isoformat()))
        found = desk.request("calibration")
    say(found, as_json, lambda f: _lines(f, keep, clear))


def take_point(desk, kind: str, which: int, true: int, wait=time.sleep) -> None:
    """One point, the mean of the coming scans."""
    good(desk.request("point", kind=kind, which=which, true=true))
    for _ in range(_WAIT_S * 5):
        if not desk.request("calibration")["busy"]:
            return
        wait(0.2)
    raise Lost("no fresh reading comes: look at cellwarden status")


def _of(what: str):
    """(kind, place from 0) of `cell3`, `ntc1`, `current`."""
    found = re.fullmatch(r"(cell|ntc)([1-9][0-9]?)|(current)", what)
    if found is None:
        raise Problem(f"{what}: calibrate cell1, cell2 ..., ntc1 ... or current")
    if found[3]:
        return "current", 0
    return found[1], int(found[2]) - 1


def _lines(found, stored: bool, cleared: bool):
    if cleared and not stored:
        yield "back to what the monitor says, from the next scan on"
    if stored:
        yield "stored, in force from the next scan on"
    for raw, true in () if cleared else found["points"]:  # which may be of something else
        yield f"point: the monitor reads {raw}, your meter {true}"
    if found["problem"]:
        yield found["problem"]
