"""Configuration: every field of the table, checked alone and as a whole, or nothing at all.

People write JSON: one object of field names and integers, and `"chemistry"`. What they leave out is the
chemistry's default or follows from other fields (`relations.DERIVED`). A set that is refused is refused
whole, with every problem in words. Store what a person gave: an explicit value is never derived again.
"""

import binascii
import json
from array import array

from micropython import const

from bms import chemistry
from bms.relations import AT_MOST, BELOW, DERIVED, RELATIONS
from bms.values import Values

_INT_MAX = const(0x3FFFFFFF)  # the largest small integer of the device
_SHOWN_N = const(40)  # characters of a wrong value that a message repeats
_NOT_OBJECT = "expected one object of field names and integers"

_UNITS = (
    ("mv", "mV"),
    ("ma", "mA"),
    ("mah", "mAh"),
    ("uohm", "uohm"),
    ("ms", "ms"),
    ("us", "us"),
    ("s", "s"),
    ("ddegc", "0.1 degC"),
    ("pm", "0.1 %"),
)


_ONE = array("i", [0])


class ConfigError(ValueError):
    """A configuration that is refused. `problems`: one sentence each."""

    def __init__(self, problems):
        super().__init__("; ".join(problems))
        self.problems = problems


class Config:
    """One attribute a field, plus `chemistry` and `hash`. Not to be changed once made."""

    def __init__(self, values=None):
        given = {} if values is None else values
        if not isinstance(given, dict):
            raise ConfigError([_NOT_OBJECT])
        self.chemistry = _chemistry(given)
        rows = chemistry.rows(self.chemistry)
        problems = _unknown(given, rows)
        bad = _check_each(given, rows, self.chemistry, problems)
        resolved = _resolve(given, rows, bad)
        _check_whole(given, resolved, bad, problems)
        if problems:
            raise ConfigError(problems)
        for row in rows:
            setattr(self, row[0], _small(resolved[row[0]]))
        self.packed = _packed(self.chemistry, rows, resolved)
        self.hash = hash_of(self.packed)

    def __getattr__(self, name: str) -> int:
        """As in `Values`."""
        raise AttributeError(name)

    def as_dict(self) -> dict:
        """`as_dict` of this one."""
        return as_dict(self)

    def bare(self) -> Values:
        """The same without what this class drags along."""
        values = Values()
        for row in chemistry.rows(self.chemistry):
            setattr(values, row[0], getattr(self, row[0]))
        values.chemistry = self.chemistry
        values.hash = self.hash
        values.packed = self.packed
        return values


def _small(value: int) -> int:
    """The same number. In a table frozen into an image one of more than 14 bits is a long integer, and so is all
    that is computed from it; a scan has no heap for those.
    """
    _ONE[0] = value
    return _ONE[0]


def as_dict(values) -> dict:
    """Every value, explicit; a `Config` made of it is the same, hash included."""
    found = {row[0]: getattr(values, row[0]) for row in chemistry.rows(values.chemistry)}
    found["chemistry"] = values.chemistry
    return found


def from_json(text: str) -> Config:
    """A `Config` from what a person wrote; whatever that is, only `ConfigError` is raised."""
    try:
        values = json.loads(text)
    except (ValueError, RuntimeError) as error:  # RuntimeError: nested too deep
        raise ConfigError(["not JSON: " + " ".join(str(error).split())])
    if values is None:
        raise ConfigError([_NOT_OBJECT])
    return Config(values)


def read_config(path: str) -> Config:
    """A `Config` from a file. No file, no defaults: a pack that nobody described does not run."""
    try:
        with open(path) as file:
            text = file.read()
    except (OSError, ValueError) as error:  # ValueError: not text
        raise ConfigError([f"{path} cannot be read: {error}"])
    return from_json(text)


def unit(name: str) -> str:
    """Unit of a field by its suffix, empty for counts and switches."""
    suffix = name.split("_")[-1]
    for key, text in _UNITS:
        if key == suffix:
            return text
    return ""


def _packed(cell: str, rows, values) -> bytes:
    """The chemistry and every value in field order, four bytes each, low byte first."""
    data = bytearray(cell.encode())
    for row in rows:
        for shift in (0, 8, 16, 24):
            data.append((values[row[0]] >> shift) & 0xFF)
    return bytes(data)


def hash_of(packed) -> int:
    """30 bits of its CRC-32."""
    return binascii.crc32(packed) & _INT_MAX


def _chemistry(given) -> str:
    """The chemistry asked for. Without a known one there is no envelope to check the rest against."""
    names = chemistry.names()
    cell = given.get("chemistry", names[0])
    if cell not in names:
        raise ConfigError([f"chemistry {_show(cell)} is none of {', '.join(names)}"])
    return cell


def _unknown(given, rows) -> list:
    """One problem for each name that is no field."""
    names = [row[0] for row in rows]
    names.append("chemistry")
    return [f"{text} is no field" for text in sorted([_show(n) for n in given if n not in names])]


def _check_each(given, rows, cell: str, problems) -> set:
    """Note what is no integer or outside the envelope; the names of those fields."""
    bad = set()
    for name, _, low, high, _ in rows:
        value = given.get(name, low)
        if type(value) is not int:  # not `isinstance`: to that a bool is an integer
            fault = "is no integer; allowed"
        elif low <= value <= high:
            continue
        else:
            fault = "is outside"
        bad.add(name)
        allowed = f"{low}..{high} {unit(name)}".strip()
        problems.append(f"{name} {_show(value)} {fault} {allowed} ({cell})")
    return bad


def _resolve(given, rows, bad) -> dict:
    """Every value: given, else derived, else default. Adds to `bad` what was derived from bad ones."""
    values = {}
    envelope = {}
    for name, default, low, high, _ in rows:
        values[name] = default if name in bad else given.get(name, default)
        envelope[name] = (low, high)
    any_bad = len(bad) > 0
    for name, rule in DERIVED:
        if name in given:
            continue
        low, high = envelope[name]
        values[name] = max(low, min(high, rule(values)))
        if any_bad:
            bad.add(name)
    return values


def _check_whole(given, values, bad, problems) -> None:
    """Note every relation that does not hold, among the values that are right by themselves."""
    for lesser, gap, greater in RELATIONS:
        names = lesser.split(" + ")
        if greater in bad or any([name in bad for name in names]):
            continue
        if sum([_common(n, values) for n in names]) + gap <= _common(greater, values):
            continue
        left = " + ".join([_name_value(n, given, values) for n in names])
        problems.append(f"{left} must be {_gap(gap)} {_name_value(greater, given, values)}")


def _common(name: str, values) -> int:
    """A value, seconds as milliseconds."""
    return values[name] * 1000 if name.endswith("_s") else values[name]


def _gap(gap: int) -> str:
    if gap == AT_MOST:
        return "at most"
    return "below" if gap == BELOW else f"at least {gap} below"


def _name_value(name: str, given, values) -> str:
    return f"{name} {values[name]}{'' if name in given else ' (default)'}"


def _show(value) -> str:
    """A stranger's value in a message: short, on one line, whatever it is."""
    if type(value) is int and not -_INT_MAX <= value <= _INT_MAX:
        return "(too big)"
    if isinstance(value, (list, dict)):
        return "(a list or object)"
    text = repr(value)
    return text if len(text) <= _SHOWN_N else text[:_SHOWN_N] + "..."
