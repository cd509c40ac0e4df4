"""`health`: what the pack is worth, and what that rests on."""

import click

from btlink import native
from cellwarden.common import as_json, on_board, say
from cellwarden.words import clock
from roles import TEMP_NONE

KINDS = ("", "full", "empty", "a voltage at the lower end")
_NONE_MIN = 0xFFFF
_EXTREMES = (
    ("cell_max_mv", "highest cell", "mV", "cell"),
    ("cell_min_mv", "lowest cell", "mV", "cell"),
    ("temp_max_ddegc", "hottest", "°C", "sensor"),
    ("temp_min_ddegc", "coldest", "°C", "sensor"),
    ("charge_max_ma", "most charging", "A", ""),
    ("discharge_max_ma", "most discharging", "A", ""),
)
_SCALE = {"mV": 1, "°C": 10, "A": 1000}


@click.command()
@on_board
@as_json
def health(target, as_json):
    """What the pack is worth: capacity, resistances, what it has been through, and the evidence."""
    with target.board() as board:
        found = of_board(board)
    say(found, as_json, lines)


def of_board(board) -> dict:
    """One answer in a program's words; times in minutes of operation."""
    found = native.health(board.asked(native.HEALTH))
    rated_mah = board.about["capacity_mah"]
    for name in ("to_empty_min", "to_full_min"):
        found[name] = None if found[name] == _NONE_MIN else found[name]
    found["capacity_mah"] = found["capacity_e4"] * rated_mah // 10000
    found["full_cycles"] = round(found["out_mah"] / rated_mah, 3)
    for name in ("from_kind", "to_kind"):
        kind = found[name]
        found[name] = KINDS[kind] if kind < len(KINDS) else str(kind)
    for name in ("joints", "weak"):
        found[name] = [i + 1 for i in range(len(found["uohm"])) if found[name] >> i & 1]
    return found


def lines(found: dict):
    """For a terminal."""
    now = found["age_min"]
    yield f"left: {found['energy_wh'] / 1000:.2f} kWh" + _times(found)
    sigma = f"{found['capacity_e4'] / 100:.1f} % ± {2 * found['sigma_e4'] / 100:.1f} of the rated"
    if found["spans"]:
        yield f"capacity: {found['capacity_mah'] / 1000:.1f} Ah, {sigma}"
        yield (
            f"  from {found['spans']} spans, the last from {found['from_kind']} to {found['to_kind']}, "
            f"{_ago(now, found['capacity_min'])}"
        )
    else:
        yield "capacity: not measured yet: needs a discharge from full to below some 15 %, or back"
    yield from _cells(found, now)
    yield (
        f"charge: {found['in_mah'] / 1000:.0f} Ah in, {found['out_mah'] / 1000:.0f} Ah out, "
        f"{found['full_cycles']:.1f} full cycles in {clock(now * 60)} of operation"
    )
    times = [
        f"{found[name + '_min']} min {words}"
        for name, words in (
            ("hot", "above 45 °C"),
            ("cold", "at or below 0 °C"),
            ("high", "at the upper voltage warning"),
            ("low", "at the lower"),
        )
    ]
    yield f"  {', '.join(times)}"
    for name, words, unit, what in _EXTREMES:
        if name in found:
            one = found[name]
            where = f", {what} {one['which'] + 1}" if what and one["which"] >= 0 else ""
            value = one["value"] / _SCALE[unit]
            yield f"  {words} ever: {value:g} {unit}{where}, {_ago(now, one['at_min'])}"


def _times(found: dict) -> str:
    for name, words in (("to_empty_min", "empty"), ("to_full_min", "full")):
        if found[name] is not None:
            hours, minutes = divmod(found[name], 60)
            return f"; {words} in {hours} h {minutes:02d} min at the mean of the last half hour"
    return ""


def _cells(found: dict, now: int):
    if found["steps"]:
        temp = found["steps_ddegc"]
        at = "" if temp == TEMP_NONE else f" at {temp / 10:.1f} °C"
        yield (
            f"resistance at 25 °C, mΩ (from {found['steps']} steps of the current, the last{at}, "
            f"{_ago(now, found['steps_min'])}):"
        )
        yield "  " + "  ".join(f"{uohm / 1000:.2f}" for uohm in found["uohm"])
    else:
        yield "resistance: not measured yet: needs steps of the current of C/2"
    yield "charge of each cell against the mean, % of capacity:"
    yield "  " + "  ".join(f"{e5 / 1000:+.1f}" for e5 in found["delta_e5"])
    if found["joints"]:
        cells = ", ".join(map(str, found["joints"]))
        yield f"  cell {cells}: resistance half as high again as the others': a joint, or the cell itself"
    if found["weak"]:
        yield f"  cell {', '.join(map(str, found['weak']))}: empties first, by 4 % or more"


def _ago(now: int, then: int) -> str:
    return f"{clock((now - then) * 60)} of operation ago"
