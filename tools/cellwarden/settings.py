"""A board's settings on the host: what is in force, what a person gave, and how two sets differ."""

import codecs
import json
import re
from pathlib import Path

from abstore import ABStore
from bms import chemistry
from bms.config import Config, ConfigError, from_json, unit
from bms.fields import FIELDS
from bms.settings import CONFIRMED, LAYOUT, Settings
from cellwarden.common import beginning
from cellwarden.problem import Problem
from deploy.holds import refusal

_LARGEST_N = 1 << 16
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_IN_FORCE, _STORE_A, _STORE_B, _CONFIG_JSON, _WANTED = 1, 2, 3, 4, 8


class Slot:
    """A copy of a store that was read from a board; nothing is written to it."""

    def __init__(self, data: bytes):
        self._data = data

    def read(self) -> bytes:
        return self._data

    def write(self, data) -> None:
        raise OSError("a copy")


def in_force(board) -> dict:
    """Every value that the board runs with, by name. An older or newer board has fewer or more."""
    return unpack(board.read(_IN_FORCE))


def unpack(packed: bytes) -> dict:
    """The configuration as `Config.packed` has it."""
    for cell in sorted(chemistry.names(), key=len, reverse=True):
        if packed.startswith(cell.encode()) and (len(packed) - len(cell)) % 4 == 0:
            found = {"chemistry": cell}
            for i, at in enumerate(range(len(cell), len(packed), 4)):
                name = FIELDS[i][0] if i < len(FIELDS) else f"field {i}, newer than this program"
                found[name] = int.from_bytes(packed[at : at + 4], "little", signed=True)
            return found
    raise Problem(
        "the board's configuration cannot be read: is its firmware newer than this program?"
    )


def given(board) -> dict:
    """What a person gave: what the next start is to take, the store, or the board's config.json."""
    wanted = board.read(_WANTED).decode(errors="replace") if board.objects().get(_WANTED) else ""
    if wanted.startswith('{"' + CONFIRMED):  # what is in force, and that is the file's
        return _of_file(board.read(_CONFIG_JSON))
    if wanted:
        return parse(wanted, "what the board was sent last")
    slots = [Slot(board.read(number)) for number in (_STORE_A, _STORE_B)]
    data = ABStore(slots, LAYOUT).load()
    if data is None:
        return _of_file(board.read(_CONFIG_JSON))
    try:
        return Settings(slots)._decode(data)[1]
    except (ValueError, IndexError) as error:
        raise Problem(f"the board's stored settings cannot be read: {error}") from None


def waiting(board, now: dict) -> list[dict]:
    """How the next start will differ from what is in force now, as far as that can be told."""
    try:
        return differences(now, Config(given(board)).as_dict())
    except (Problem, ConfigError):
        return []


def known_of(board) -> dict:
    """What was given, or where that cannot be read what is in force and no default."""
    try:
        return given(board)
    except Problem:
        default = Config().as_dict()
        now = in_force(board)
        return {name: value for name, value in now.items() if value != default.get(name)}


def _of_file(data: bytes) -> dict:
    try:
        return parse(data.decode(errors="replace"), "the board's config.json")
    except Problem as problem:
        raise Problem(f"{problem}; `cellwarden config import FILE` gives it others") from None


def holds(board, values: dict) -> bool:
    """The board has these stored as given."""
    try:
        return same(given(board), values)
    except Problem:  # it has none that can be read
        return False


def read_file(path: Path) -> dict:
    """A file of settings, checked by itself and as a whole; `Problem` says all that is wrong."""
    data = beginning(path, _LARGEST_N + 1)
    if len(data) > _LARGEST_N:
        raise Problem(f"{path}: more than {_LARGEST_N} bytes: these are no settings")
    if data.startswith(_MARKS):
        raise Problem(f"{path}: save it as UTF-8 without a mark (BOM) before its text")
    text = data.decode(errors="replace")
    try:
        return parse(text, str(path))
    except Problem:
        kind = _maker(text)
        if kind is None:
            raise
        raise Problem(f"{path} is a list of another maker: import it with --kind {kind}") from None


def _maker(text: str) -> str | None:
    """Whose list of settings this is, if it is one."""
    from settings_import.convert import ImportProblem, convert

    try:
        return convert(json.loads(text)).kind
    except (ImportProblem, ValueError, RecursionError):
        return None


def parse(text: str, name: str) -> dict:
    """JSON of settings that the firmware would take."""
    try:
        from_json(text)
        return json.loads(text, object_pairs_hook=_once)
    except (ConfigError, ValueError, RecursionError) as error:
        why = str(error).partition("; use sys.")[0]  # Python's advice to programmers
        raise Problem(f"{name} is refused: {why}") from None


def _once(pairs) -> dict:
    """Nobody can tell which of two values somebody meant."""
    found = dict(pairs)
    names = [name for name, _ in pairs]
    for name in found:
        if names.count(name) > 1:
            raise ValueError(f"{name} is there twice")
    return found


def check(values: dict, name: str, board: str = "") -> Config:
    """The whole configuration that these given values make; one that the board's monitor can hold."""
    try:
        config = Config(values)
    except ConfigError as error:
        raise Problem(f"{name} refused: {error}") from None
    why = refusal(config, board) if board else ""
    if why:
        raise Problem(f"{name} refused: {board} would not start with it: {why}")
    return config


def change(values: dict, pairs) -> dict:
    """Given values with `name=value` pairs; `name=` gives a field back to its default."""
    out = dict(values)
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            raise Problem(f"{pair}: write NAME=VALUE, or NAME= for the default")
        known(name)
        if not text:
            out.pop(name, None)
        elif name == "chemistry":
            out[name] = text
        else:
            out[name] = _number(name, text)
    return out


def _number(name: str, text: str) -> int:
    if re.fullmatch(r" *[+-]?[0-9]{1,20} *", text):
        return int(text)
    u = unit(name)
    raise Problem(f"{name}={text}: a whole number{' of ' + u if u else ''} is wanted")


def known(name: str) -> None:
    """`Problem` with the nearest names when there is no such field."""
    names = [row[0] for row in FIELDS] + ["chemistry"]
    if name not in names:
        import difflib

        near = difflib.get_close_matches(name, names, 3)
        hint = (
            f": did you mean {', '.join(near)}?" if near else ": `cellwarden config get` lists all"
        )
        raise Problem(f"{name} is no field{hint}")


def dumps(values: dict) -> str:
    """As people edit it, in the order of the field table."""
    order = ["chemistry"] + [row[0] for row in FIELDS]
    ordered = {name: values[name] for name in order if name in values}
    return json.dumps(ordered, indent=1) + "\n"


def same(one: dict, other: dict) -> bool:
    """The same given values; the first chemistry need not be named."""
    first = {"chemistry": chemistry.names()[0]}
    return first | one == first | other


def differences(old: dict, new: dict) -> list[dict]:
    """Fields that differ between two whole sets."""
    found = []
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name) != new.get(name):
            found.append(
                {"field": name, "old": old.get(name), "new": new.get(name), "unit": unit(name)}
            )
    return found


def difference_lines(found):
    for row in found:
        yield f"{row['field']}: {row['old']} -> {row['new']} {row['unit']}".rstrip()
    if not found:
        yield "no difference"
