"""What commands share: the options that say which board, its key, JSON, progress, whole files."""

import contextlib
import functools
import json
import os
import sys
from pathlib import Path

import click

from cellwarden import offer
from cellwarden.board import Board
from cellwarden.problem import Problem
from cellwarden.transport import default_port

_KEY_FILE_N = 4096


class Target:
    """Which board, and how to talk to it."""

    def __init__(self, port, baud, key, patience=1):
        self.port = port
        self.baud = baud
        self.key = key
        self.patience = patience

    @contextlib.contextmanager
    def board(self):
        """An open line to it, somebody there."""
        port = self.port or default_port()
        board = Board(port, self.baud, read_key(self.key), patience=self.patience)
        try:
            board.about = board.find()
            board.tell_time()
            yield board
        finally:
            board.close()


class Patience(click.FloatRange):
    """A number: that is not the same as `nan` to Python."""

    def convert(self, value, param, ctx):
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is no number", param, ctx)
        return number


def on_board(function):
    """Options of every command that talks to a board; it gets `target`."""

    @click.option(
        "-p",
        "--port",
        envvar="CELLWARDEN_PORT",
        help="serial port, PTY, socket://, ble:",
        shell_complete=offer.ports,
    )
    @click.option(
        "--baud",
        type=click.IntRange(50, 4_000_000),
        default=9600,
        show_default=True,
        help="of a serial port without USB",
    )
    @click.option(
        "--key", envvar="CELLWARDEN_KEY", help="32 hex digits, or the file that has them"
    )
    @click.option(
        "--patience",
        type=Patience(1, 1000),
        default=1,
        envvar="CELLWARDEN_PATIENCE",
        help="wait so many times as long: a slow line, an emulated board",
    )
    @functools.wraps(function)
    def wrapped(*args, port, baud, key, patience, **more):
        return function(*args, target=Target(port, baud, key, patience), **more)

    return wrapped


as_json = click.option("--json", "as_json", is_flag=True, help="for programs: JSON on stdout")


def one_of(given: dict) -> None:
    """Options that exclude each other: name -> was it given?"""
    names = [name for name, was in given.items() if was]
    if len(names) > 1:
        raise Problem(f"{' and '.join(names)} exclude each other: give one of them")


def read_key(text: str | None) -> bytes | None:
    """The board's key from what a person gave, blanks or not."""
    if not text:
        return None
    path, what = Path(text), "what --key says is no file, and"
    if path.is_file():
        text, what = beginning(path, _KEY_FILE_N).decode(errors="replace"), f"what is in {path} is"
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise Problem(f"{what} not 32 hex digits: that is what a key is") from None
    if len(key) != 16:
        raise Problem(f"a key has 32 hex digits, here are {2 * len(key)}")
    return key


def beginning(path: Path, most: int) -> bytes:
    """Not more than this of what may not be a file at all, and have no end."""
    with open(path, "rb") as file:
        return file.read(most)


def say(found, as_json: bool, words) -> None:
    """`found` as JSON, or `words(found)`: lines for people."""
    if as_json:
        click.echo(json.dumps(found))
    else:
        for text in words(found):
            click.echo(text)


@contextlib.contextmanager
def progress(total: int, what: str):
    """A bar on stderr when a person watches; the block gets `advance(n)`."""
    if not sys.stderr.isatty():
        yield lambda n: None
        return
    with click.progressbar(length=total, label=what, file=sys.stderr) as bar:
        yield bar.update


def write_whole(path: Path, data: bytes) -> None:
    """All of it or the old file: a full disk or Ctrl-C leaves no half. A device or pipe is written to as it is."""
    if path.exists() and not path.is_file():
        with open(path, "wb") as file:
            file.write(data)
        return
    if not path.parent.is_dir():
        raise Problem(f"{path}: there is no folder {path.parent}")
    part = path.with_name(path.name + ".new")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
