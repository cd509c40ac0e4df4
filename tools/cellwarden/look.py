"""`ports` and `status`."""

import click

from cellwarden import words
from cellwarden.common import as_json, on_board, say
from cellwarden.health import of_board
from cellwarden.problem import DIFFERS, Refused
from cellwarden.transport import ports as find_ports


@click.command()
@as_json
def ports(as_json):
    """Serial ports of this computer; boards on USB first."""
    found = find_ports()
    say(found, as_json, _port_lines)
    return 0 if found else DIFFERS


def _port_lines(found):
    for port in found:
        yield f"{port['port']:20} {port['id'] or '-':10} {port['what']}"
    if not found:
        yield "no serial port here: is the board plugged in?"


@click.command()
@on_board
@as_json
def status(target, as_json):
    """What the board measures, does and complains about."""
    with target.board() as board:
        found = look(board)
    say(found, as_json, words.lines)


def look(board) -> dict:
    """One whole status."""
    found = words.status(board.live(), board.faults(), board.about, board.who())
    found["health"] = worth(board)
    return found


def worth(board) -> dict | None:
    """Energy, times and capacity; None from a firmware that does not tell them."""
    try:
        told = of_board(board)
    except Refused:
        return None
    names = ("energy_wh", "to_empty_min", "to_full_min", "capacity_e4", "sigma_e4", "spans")
    return {name: told[name] for name in names}
