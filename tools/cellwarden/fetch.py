"""Copies a board's logs into a folder, segment by segment; what is there already is not read again.

The folder is what `cellwarden replay` and every `log` command read: `events/00`, `events/01` ... A segment
that was cut off lies in `NAME.part` and is gone on with; its sum, worked out on the board, decides.
"""

import binascii
import os
import re
from pathlib import Path

from cellwarden.problem import Problem

SIZE = 4096
LOGS = {"events": 0x11, "windows": 0x12, "minutes": 0x13, "hours": 0x14}
_HEAD_N = 1  # a segment in use begins with a record, and that not with FF
_TRIES = 3  # a segment that is being written changes under our hands


def cache_of(port: str) -> Path:
    """Where the copies of the board on this port lie."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cellwarden" / re.sub(r"[^A-Za-z0-9._-]+", "-", port).strip("-")


def fetch(board, folder: Path, names, advance=lambda n: None, ours=True) -> int:
    """Make `folder` hold these logs as they are on the board now; bytes that had to be read.

    `ours`: what lies there of another board goes; in somebody's own folder it is a `Problem`.
    """
    sizes = board.objects()
    if not any(LOGS[name] in sizes for name in names):
        raise Problem("the board has no black box (yet: it comes some seconds after the start)")
    read_n = 0
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        _forget_others(folder / name, sizes.get(LOGS[name], 0) // SIZE, ours)
        for at in range(0, sizes.get(LOGS[name], 0), SIZE):
            path = folder / name / f"{at // SIZE:02d}"
            read_n += _segment(board, LOGS[name], at, path)
            advance(SIZE)
    return read_n


def _forget_others(folder: Path, most: int, ours: bool) -> None:
    """Segments beyond the last of this board: there was another one on its port."""
    for path in folder.iterdir():
        number = path.name.removesuffix(".part")
        if number.isdecimal() and len(number) == 2 and int(number) >= most:
            if not ours:
                raise Problem(
                    f"{folder} has the log of another board in it: choose another folder"
                )
            path.unlink()


def total(board, names) -> int:
    """Bytes of these logs on the board."""
    sizes = board.objects()
    return sum(sizes.get(LOGS[name], 0) for name in names)


def _segment(board, number: int, at: int, path: Path) -> int:
    part = path.with_name(path.name + ".part")
    if not board.read(number, at, at + _HEAD_N).strip(b"\xff"):  # sooner said than a sum
        path.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
        return 0
    want = board.sum(number, at, SIZE)
    if path.is_file() and binascii.crc32(path.read_bytes()) == want:
        part.unlink(missing_ok=True)
        return 0
    if path.is_file() and not part.is_file():
        _begin_with(board, number, at, path.read_bytes(), part)
    read_n = 0
    for _ in range(_TRIES):
        read_n += _go_on(board, number, at, part)
        data = part.read_bytes()
        if binascii.crc32(data) != want:
            want = board.sum(number, at, SIZE)
        if binascii.crc32(data) == want:
            os.replace(part, path)
            return read_n
        part.unlink()
    raise Problem("a log keeps changing while it is read: is the board in trouble? Try again")


def _begin_with(board, number: int, at: int, data: bytes, part: Path) -> None:
    """A segment only grows: what was read of it before need not be read again if it is still so."""
    used = len(data.rstrip(b"\xff"))
    if used and board.sum(number, at, used) == binascii.crc32(data[:used]):
        part.write_bytes(data[:used])


def _go_on(board, number: int, at: int, part: Path) -> int:
    """Read the rest of a segment behind what an earlier try has left; not what is blank to its end."""
    done = part.stat().st_size if part.is_file() else 0
    if done > SIZE:
        part.unlink()
        done = 0
    read_n = 0
    with open(part, "ab") as file:
        for piece in board.pieces(number, at + done, at + SIZE):
            file.write(piece)
            file.flush()
            read_n += len(piece)
            blank = b"\xff" * (SIZE - done - read_n)
            if not piece.strip(b"\xff") and blank:
                if board.sum(number, at + done + read_n, len(blank)) == binascii.crc32(blank):
                    file.write(blank)
                    break
    return read_n
