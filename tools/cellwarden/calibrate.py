"""`cellwarden calibrate`: readings against a meter, one or two points each."""

import json
import re
import time
from datetime import date
from types import SimpleNamespace

import click

from abstore import ABStore
from bms.calibration import CURRENT, NTC
from bms.calibrator import LAYOUT
from bms.commission_store import wiring
from cellwarden import offer
from cellwarden.common import as_json, on_board, say
from cellwarden.desk import DeskLine, good
from cellwarden.problem import Lost, Problem
from cellwarden.settings import Slot, in_force

_WAIT_S = 15
_STORED = (9, 10)  # objects of docs/link.md
_UNITS = {"cell": "mV", "current": "mA, + = charging", "ntc": "0.1 degC"}


_NEGATIVE = {"ignore_unknown_options": True}  # -1000 is a number, no option


@click.command(
    short_help="Correct cells, current and sensors by your meter.", context_settings=_NEGATIVE
)
@click.argument(
    "what", metavar="[cell3|ntc1|current]", required=False, shell_complete=offer.readings
)
@click.argument("true", type=click.IntRange(-1_000_000, 1_000_000), required=False)
@click.option(
    "--keep", is_flag=True, help="store what the points make, after this one if one is given"
)
@click.option("--clear", is_flag=True, help="back to what the monitor says")
@on_board
@as_json
def calibrate(what, true, keep, clear, target, as_json):
    """Tell what your meter shows: mV of a cell, mA (+ = charging), 0.1 degC of an NTC. Without
    anything it shows what is corrected, and since when.

    One point corrects the offset and leaves the gain. For the gain too: one point without --keep, change voltage or
    current, then the second with --keep.
    """
    if what is None and not keep and not clear:
        with target.board() as board:
            return say(stored(board), as_json, _table)
    kind, which = _of(what or "nothing")
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


def stored(board) -> dict:
    """What the board has stored, and is it in force? An older firmware does not tell."""
    if not set(_STORED) <= set(board.objects()):
        raise Problem("this firmware does not tell its calibration: cellwarden flash")
    data = ABStore([Slot(board.read(number)) for number in _STORED], LAYOUT).load()
    if data is None:
        return {"stored": [], "in_force": False}
    values = json.loads(data)
    now = in_force(board)
    built = wiring(SimpleNamespace(**now), board.who()["board"])
    return {"stored": _rows(values), "in_force": values["wiring"] == built}


def _rows(values: dict) -> list[dict]:
    """`what`, gain in %, offset, its unit, date."""
    cells = [("cell", i, *pair) for i, pair in enumerate(values["cells"])]
    ntcs = [(NTC, i, 0, offset) for i, offset in enumerate(values["ntcs"])]
    return [
        {
            "what": kind if kind == CURRENT else f"{kind}{i + 1}",
            "gain_pct": round(gain / 163.84, 3),
            "offset": offset,
            "unit": _UNITS[kind].partition(",")[0],
            "date": values["dates"].get(f"{kind} {i + 1}", ""),
        }
        for kind, i, gain, offset in (*cells, (CURRENT, 0, *values["current"]), *ntcs)
        if gain or offset
    ]


def _table(found):
    rows = found["stored"]
    if rows and not found["in_force"]:
        yield "stored for another wiring (board, cells, sensors or shunt), and not in force:"
    for row in rows:
        gain = f", gain {row['gain_pct']:+.2f} %" if row["gain_pct"] else ""
        yield f"{row['what']}: {row['offset']:+d} {row['unit']}{gain}, since {row['date']}"
    if not rows:
        yield "nothing is corrected: every reading is as the monitor gives it"


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
