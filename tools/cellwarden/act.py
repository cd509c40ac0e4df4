"""What changes a board's state: `balance`, `fets`, `unlock`, `reset`. All of it needs the key."""

import os
import time
from pathlib import Path

import click

from bms import bits
from bms.pack import HOLD_SETTINGS
from btlink import native
from cellwarden.board import ACKNOWLEDGE, NEW_KEY, TIME
from cellwarden.common import as_json, on_board, one_of, read_key, say
from cellwarden.look import look
from cellwarden.problem import Problem
from demo.readable import fet_names, fet_words
from roles import BOTH, CHG, DSG

_WHICH = {"charge": CHG, "discharge": DSG, "both": BOTH}
_WINDOW_S = 300
HELD = 0x30  # flags of readings: pack.HOLD_*


@click.command()
@on_board
@as_json
def balance(target, as_json):
    """Which cells bleed, and how far apart they are. (Its settings: `cellwarden config get bal_`)"""
    with target.board() as board:
        live = board.live()
    cells = live["cells"]
    mean = sum(cells) // max(1, len(cells))
    found = {"spread_mv": max(cells) - min(cells) if cells else 0, "mean_mv": mean, "cells": []}
    for i, mv in enumerate(cells):
        bleeds = bool(live["bleeding"] >> i & 1)
        found["cells"].append(
            {"cell": i + 1, "mv": mv, "over_mean_mv": mv - mean, "bleeds": bleeds}
        )
    say(found, as_json, _balance_lines)


def _balance_lines(found):
    for cell in found["cells"]:
        text = f"{cell['cell']:3d} {cell['mv']:5d} mV {cell['over_mean_mv']:+5d}"
        yield text + ("  bleeds" if cell["bleeds"] else "")
    yield f"{found['spread_mv']} mV apart"


@click.command(short_help="Lock FETs off by hand, or release them.")
@click.argument("wish", type=click.Choice(["show", "off", "on"]), default="show")
@click.argument("which", type=click.Choice(list(_WHICH)), default="both")
@on_board
@as_json
def fets(wish, which, target, as_json):
    """Lock FETs off by hand, or release them; protection decides whether they then close."""
    with target.board() as board:
        live = board.live()
        if wish != "show":
            if live["flags"] & HELD:
                raise Problem(
                    "the board holds both FETs off by itself: `cellwarden status` says why"
                )
            locked = live["user_off"]
            chosen = _WHICH[which]
            board.do(native.LOCK_FETS, locked | chosen if wish == "off" else locked & ~chosen)
            live = _settled(board, locked | chosen if wish == "off" else locked & ~chosen)
    found = {
        "conduct": fet_names(live["fets"]),
        "wanted": fet_names(live["intent"]),
        "locked_off": fet_names(live["user_off"]),
    }
    say(
        found,
        as_json,
        lambda f: [f"{k.replace('_', ' ')}: {fet_words(v) or 'none'}" for k, v in f.items()],
    )


def _settled(board, locked: int) -> dict:
    """Readings of a scan whose FETs are as wanted with this lock, or the last ones within three seconds."""
    end = time.monotonic() + 3
    while True:
        live = board.live()
        done = live["user_off"] == locked and live["fets"] == live["intent"]
        if done or time.monotonic() > end:
            return live


@click.command(short_help="Give it a key; let JBD programs write; confirm settings.")
@click.option("--seconds", default=_WINDOW_S, show_default=True, type=click.IntRange(1, 600))
@click.option("--settings", is_flag=True, help="confirm settings that hold the FETs off")
@click.option(
    "--new-key", type=click.Path(dir_okay=False, path_type=Path), help="make a key, keep it there"
)
@on_board
def unlock(seconds, settings, new_key, target):
    """Let programs that speak JBD write settings on this line for a while; or see the options."""
    one_of({"--settings": settings, "--new-key": new_key is not None})
    with target.board() as board:
        if new_key is not None:
            _give_key(board, new_key, target.key)
        elif settings:
            if (board.who() or {}).get("held", 1) & HOLD_SETTINGS:
                board.do(ACKNOWLEDGE, 0)
                still = (board.who() or {}).get("held", 0) & HOLD_SETTINGS
                when = "from the next start on (`cellwarden reset board`) " if still else ""
                click.echo(
                    f"the settings in force are confirmed; {when}they hold the FETs off no longer"
                )
            else:
                click.echo("the settings hold nothing: there is nothing to confirm")
        else:
            board.do(native.WINDOW, seconds, 2)
            click.echo(f"JBD programs may write on this line for {seconds} s")


def _give_key(board, path: Path, old: str | None) -> None:
    """The file first: a key that is on the board and nowhere else is of no use."""
    if path.exists():
        raise Problem(f"{path} is there already: choose another name, or use it with --key")
    key = os.urandom(16)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(key.hex() + "\n")
        if board.about["access"] & 1:
            if read_key(old) is None:
                raise Problem("the board has a key: give it with --key, then it takes another one")
            board.give(NEW_KEY, key)
        else:
            board.own(key)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    click.echo(f"the board's key is in {path}: keep it, nobody can read it back")


@click.command(short_help="Clear faults, start the board again, or set its clock.")
@click.argument("what", type=click.Choice(["faults", "board", "time"]))
@on_board
def reset(what, target):
    """faults: clear what is latched and over. board: start it again (FETs open). time: set its clock."""
    with target.board() as board:
        if what == "time":
            board.do(TIME, int(time.time()), 4)
            click.echo("the board knows the time now")
        elif what == "board":
            board.restart()
            click.echo("the board has started again")
        else:
            board.do(native.REQUEST, bits.REQ_CLEAR)
            _tell_cleared(board)


def _tell_cleared(board) -> None:
    """What is left, from a scan that has taken the request."""
    first = board.live()["seq"]
    found = look(board)
    while found["seq"] == first:
        found = look(board)
    left = [row["words"] for row in found["faults"]]
    click.echo("no faults" if not left else "still there: " + "; ".join(left))
