"""`config get|set|edit|diff|export|import|check`: a board's settings, changed whole or not at all."""

import json
import os
import sys
from pathlib import Path

import click

from bms import chemistry
from bms.config import unit
from cellwarden import offer, settings
from cellwarden.board import CONFIGURE
from cellwarden.common import as_json, beginning, on_board, progress, say, write_whole
from cellwarden.problem import DIFFERS, Lost, Problem
from deploy.files import boards

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PATH = click.Path(dir_okay=False, path_type=Path)
_restart = click.option(
    "--restart", is_flag=True, help="start the board again, so that it counts now"
)


@click.group()
def config():
    """The settings of a board. A change counts from its next start on."""


@config.command()
@click.argument("names", nargs=-1, shell_complete=offer.fields)
@on_board
@as_json
def get(names, target, as_json):
    """Values in force: all, those named, or those beginning with a NAME that ends in _ ."""
    with target.board() as board:
        found = settings.in_force(board)
        waiting = [] if as_json else settings.waiting(board, found)  # of no program's business
    if names:
        found = {name: value for name, value in found.items() if _wanted(name, names)}
        for name in names:
            if not name.endswith("_"):
                settings.known(name)
            elif not any(field.startswith(name) for field in found):
                raise Problem(f"no field begins with {name}: `cellwarden config get` lists all")
    say(found, as_json, lambda found: _value_lines(found, waiting))


def _wanted(name: str, names) -> bool:
    return any(name == one or (one.endswith("_") and name.startswith(one)) for one in names)


def _value_lines(found, waiting):
    words = {row[0]: row[4] for row in chemistry.rows(found.get("chemistry", "LFP"))}
    for name, value in found.items():
        yield f"{name:22} {value!s:>8} {unit(name):9} {words.get(name, '')}".rstrip()
    waiting = [row for row in waiting if row["field"] in found]
    for text in settings.difference_lines(waiting) if waiting else ():
        yield f"from the next start on: {text}"


@config.command(name="set")
@click.argument(
    "pairs", nargs=-1, required=True, metavar="NAME=VALUE...", shell_complete=offer.fields
)
@_restart
@on_board
def set_values(pairs, restart, target):
    """Change fields; NAME= gives one back to its default. Checked whole before anything is sent."""
    with target.board() as board:
        old = settings.given(board)
        _store(board, settings.change(old, pairs), restart)


@config.command()
@_restart
@on_board
def edit(restart, target):
    """Open the settings in your editor, and store what you make of them."""
    with target.board() as board:
        text = edited = settings.dumps(settings.given(board))
        while True:
            edited = _edited(edited)
            if edited is None or edited == text:
                click.echo("nothing changed")
                return
            try:
                values = settings.parse(edited, "what you wrote")
                settings.check(values, "these settings are", (board.who() or {}).get("board", ""))
                break
            except Problem as problem:
                if not sys.stdin.isatty():
                    raise
                click.echo(problem)
                click.confirm("Edit it again", default=True, abort=True)
        _store(board, values, restart)


def _edited(text: str) -> str | None:
    """What a person's editor makes of it."""
    if not (sys.stdin.isatty() or os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise Problem("an editor wants a terminal: use config export, then config import")
    try:
        return click.edit(text, extension=".json")
    except UnicodeDecodeError:
        raise Problem("what your editor has left is no text: nothing changed") from None
    except ValueError as error:  # of the shell's quotes
        raise Problem(f"EDITOR cannot be run: {error}") from None


@config.command()
@click.argument("file", type=_FILE)
@click.argument("other", type=_FILE, required=False)
@on_board
@as_json
def diff(file, other, target, as_json):
    """What would change if FILE were imported; or between two files. Exit code 1: something."""
    new = settings.check(settings.read_file(file), str(file)).as_dict()
    if other is not None:
        old, new = new, settings.check(settings.read_file(other), str(other)).as_dict()
    else:
        with target.board() as board:
            old = settings.in_force(board)
    found = settings.differences(old, new)
    say(found, as_json, settings.difference_lines)
    return DIFFERS if found else 0


@config.command()
@click.argument("file", type=_PATH, required=False)
@click.option("--all", "whole", is_flag=True, help="every value, not only what a person gave")
@on_board
def export(file, whole, target):
    """Write what was given to FILE (or stdout): `import` takes it, on this or another board."""
    with target.board() as board:
        text = settings.dumps(settings.in_force(board) if whole else settings.given(board))
    if file is None:
        click.echo(text, nl=False)
    else:
        write_whole(file, text.encode())
        click.echo(f"written: {file}")


@config.command(name="import")
@click.argument("file", type=_FILE)
@click.option(
    "--kind",
    help="of another maker: jk, jbd, daly or auto; default: our own",
    shell_complete=offer.makers,
)
@click.option("--cells", type=int, help="cells in series, where the list does not say")
@click.option("--safe", is_flag=True, help="another maker's: our default where a value is refused")
@_restart
@on_board
def import_file(file, kind, cells, safe, restart, target):
    """Store FILE's settings instead of the board's, whole. Dangerous values of others are refused."""
    values = settings.read_file(file) if kind is None else _list_in(file, kind)
    with target.board() as board:
        if kind is not None:
            values = _foreign(file, values, kind, cells, safe, settings.known_of(board))
        _store(board, values, restart)


def _list_in(file: Path, kind: str):
    """What lies in another maker's list, before a board is asked."""
    from settings_import.tables import KINDS

    if kind not in ("auto", *KINDS):
        raise Problem(f"--kind {kind}: one of auto, {', '.join(KINDS)}")
    try:
        return json.loads(beginning(file, 1 << 20))
    except (ValueError, RecursionError) as error:
        raise Problem(f"{file} cannot be read: {error}") from None


def _foreign(file: Path, listed, kind: str, cells, safe: bool, own: dict) -> dict:
    """Their list as our settings; how our board is wired and built stays as it is there."""
    from settings_import.convert import ImportProblem, convert

    try:
        result = convert(listed, kind, cells, own)
    except ImportProblem as error:
        raise Problem(f"{file} cannot be read: {error}") from None
    for verdict in result.verdicts:
        click.echo(verdict, err=True)
    for name, value in result.kept.items():
        click.echo(f"kept: {name} {value} {unit(name)}".rstrip() + ", of the board", err=True)
    if result.refused() and not safe:
        raise Problem(
            f"{file}: {len(result.refused())} values are refused, see above; --safe goes on"
        )
    if result.config is None:
        raise Problem(f"{file} does not hold together: {'; '.join(map(str, result.problems))}")
    return result.values


@config.command()
@click.argument("file", type=_FILE)
@click.option(
    "--board",
    default="pico_bq76952",
    show_default=True,
    help="whose monitor has to hold it",
    shell_complete=offer.boards,
)
@as_json
def check(file, board, as_json):
    """Would the firmware take FILE? Needs no board. All that is wrong is said at once."""
    if board not in (*boards(), "sim"):
        raise Problem(f"--board {board}: one of {', '.join(boards())}")
    values = settings.read_file(file)
    whole = settings.check(values, str(file), board)
    found = {"cells": whole.cell_n, "chemistry": whole.chemistry, "hash": whole.hash}
    found["given"] = len(values)
    say(
        found,
        as_json,
        lambda f: [f"good: {f['cells']} cells {f['chemistry']}, hash {f['hash']:08x}"],
    )


def _store(board, values: dict, restart: bool) -> None:
    """Check here, send, let the board check, look that it stored what was meant."""
    name = (board.who() or {}).get("board", "")
    whole = settings.check(values, "these settings are", name)
    changes = settings.differences(settings.in_force(board), whole.as_dict())
    for text in settings.difference_lines(changes):
        click.echo(text)
    if settings.holds(board, values):
        click.echo("stored already")
    else:
        _send(board, values)
    if restart:
        board.restart()
        left = settings.differences(settings.in_force(board), whole.as_dict())
        if left:
            raise Lost("the board has started again, but with other settings: look at its status")
        click.echo("the board has started again with them")
    elif changes:
        click.echo("it counts from the next start on (`cellwarden reset board`)")


def _send(board, values: dict) -> None:
    data = json.dumps(values, separators=(",", ":")).encode()
    with progress(len(data), "sending") as advance:
        sent = 0

        def tell(n: int) -> None:
            nonlocal sent
            advance(n - sent)
            sent = n

        board.give(CONFIGURE, data, tell)
    if not settings.holds(board, values):
        raise Lost("the board has stored something else: look with `cellwarden config export`")
    click.echo("stored")
