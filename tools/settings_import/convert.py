"""One foreign parameter list -> a configuration of ours, with a verdict on every parameter."""

import math
import re
from dataclasses import dataclass, field

from bms import chemistry, fault_rows
from bms.config import Config, ConfigError, unit
from bms.relations import DERIVED
from settings_import.tables import (
    BOARD,
    DANGERS,
    FITTING,
    JBD_REGISTERS,
    JUDGED,
    KINDS,
    LEAST,
    REFUSE,
    STACK,
    WARN,
    N,
)

# unit -> (our unit, factor)
_UNITS = {
    "V": ("mv", 1000),
    "mV": ("mv", 1),
    STACK: ("mv", 1000),
    "A": ("ma", 1000),
    "mA": ("ma", 1),
    "C": ("ddegc", 10),
    "s": ("ms", 1000),
    "ms": ("ms", 1),
    "us": ("us", 1),
    "Ah": ("mah", 1000),
    "mAh": ("mah", 1),
    "": ("n", 1),
}
_SPELLINGS = {"°c": "C", "degc": "C", "celsius": "C", "℃": "C", "sec": "s", "µs": "us"}
_NUMBER = re.compile(r"^\s*([-+]?\d+(?:[.,]\d+)?)\s*([^\d\s]*)\s*$")
_SHOWN_N = 40
_LONGEST_N = 2000  # parameters: more is no parameter list
_MINUS_ONE = 0x10000


class ImportProblem(Exception):
    """This is no parameter list; the text says why, on one line."""


@dataclass
class Verdict:
    """What became of one parameter."""

    name: str
    given: str
    field: str = ""
    value: int | None = None
    kind: str = "taken"  # taken, refused, warning, unused
    why: str = ""

    def __str__(self) -> str:
        what = f"{self.name} {self.given}"
        if self.field:
            what += f" -> {self.field} {self.value} {unit(self.field)}".rstrip()
        return f"{self.kind}: {what}" + (f": {self.why}" if self.why else "")


@dataclass
class Result:
    """`config`: what we would run with, None when the whole does not hold together."""

    kind: str
    verdicts: list = field(default_factory=list)
    fitted: list = field(default_factory=list)  # (field, default, now)
    problems: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)  # what no list says, as the board has it
    config: Config | None = None

    def refused(self) -> list:
        return [verdict for verdict in self.verdicts if verdict.kind == REFUSE]


def convert(data, kind: str = "auto", cells: int | None = None, board=None) -> Result:
    """Everything that is known becomes a field; what is dangerous is left at our default and refused.

    `board`: what it was given so far, of which `BOARD` stays where the list says nothing else.
    """
    pairs = _pairs(data)
    kind = _kind(pairs) if kind == "auto" else kind
    result = Result(kind)
    rows = {_plain(name): row for row in KINDS[kind] for name in row[2]}
    named = [(name, given, rows.get(_plain(name))) for name, given in pairs]
    if not any(row is not None for _, _, row in named):
        raise ImportProblem(f"no parameter that is known from {kind}")
    if (board or {}).get("chemistry", JUDGED) != JUDGED:
        raise ImportProblem(f"lists are for {JUDGED}, the board's cells are {board['chemistry']}")
    board = {name: value for name, value in (board or {}).items() if name in BOARD}
    cell_n = _how_many(named, cells) or board.get("cell_n")
    for name, given, row in named:
        result.verdicts.append(_judge(name, given, row, cell_n))
    _refuse_releases(result)
    _warn_of_currents(result)
    for verdict in result.verdicts:
        if verdict.field and verdict.kind != REFUSE:
            result.values[verdict.field] = verdict.value
    if cells:
        result.values["cell_n"] = cells
    result.kept = {name: board[name] for name in board if name not in result.values}
    result.values |= result.kept
    _fit(result)
    return result


def _how_many(named, cells: int | None) -> int | None:
    """Cells by the list, or as somebody says; not both."""
    listed = _cells(named)
    if cells and listed and cells != listed:
        raise ImportProblem(f"the list says {listed} cells, not {cells}")
    return cells or listed


def _pairs(data) -> list:
    """(name, value) of the usual shapes: an object, or a list of objects with a name or a register."""
    if isinstance(data, dict):
        for key in ("parameters", "settings", "registers", "config"):
            if isinstance(data.get(key), dict | list):
                return _pairs(data[key])
        pairs = list(data.items())
    elif isinstance(data, list):
        pairs = [_pair(item) for item in data]
    else:
        raise ImportProblem("expected an object of names and values, or a list of them")
    if len(pairs) > _LONGEST_N:
        raise ImportProblem(f"{len(pairs)} entries: this is no parameter list")
    return [_register(name, value) for name, value in pairs]


def _pair(item):
    if isinstance(item, dict) and "reg" in item and "raw" in item:
        return item["reg"], item["raw"]
    if isinstance(item, dict) and "name" in item and "value" in item:
        extra = str(item.get("unit", "") or "")
        return str(item["name"]), f"{item['value']}{extra}" if extra else item["value"]
    raise ImportProblem("an entry of the list has no name and value")


def _register(name, value):
    """A JBD register becomes the parameter that it holds."""
    number = name if type(name) is int else _hex(name, "0x")
    if number is None:
        return str(name), value
    raw = value if type(value) is int else _hex(value, "")
    row = JBD_REGISTERS.get(number)
    if row is None or raw is None or not 0 <= raw < _MINUS_ONE:
        return f"0x{number:02x}", value
    parameter, count = row
    if count == "K":
        return parameter, round((raw - 2731) / 10, 1)
    if count < 0:
        raw -= _MINUS_ONE if raw else 0
    return parameter, round(raw * count, 2)


def _hex(text, prefix: str):
    if not isinstance(text, str) or not text.lower().startswith(prefix):
        return None
    try:
        return int(text, 16)
    except ValueError:
        return None


def _kind(pairs) -> str:
    """Whose names these are: those that know most of them."""
    known = {
        kind: sum(_plain(name) in {_plain(n) for row in rows for n in row[2]} for name, _ in pairs)
        for kind, rows in KINDS.items()
    }
    best = max(known, key=known.get)
    if not known[best]:
        raise ImportProblem(f"no parameter that is known from {', '.join(KINDS)}")
    return best


def _plain(name) -> str:
    """A name without what people write differently, and without a unit in brackets."""
    text = re.sub(r"\([^)]*\)", "", str(name).lower())
    return re.sub(r"[^a-z0-9%]", "", text)


def _cells(named) -> int | None:
    for _, given, row in named:
        if row is not None and row[0] == "cell_n":
            value = _value(given, N, None)
            return value if value and 1 <= value <= 64 else None
    return None


def _refuse_releases(result: Result) -> None:
    """The release of a limit that was refused means nothing: both stay at our defaults."""
    refused = {verdict.field for verdict in result.refused()}
    for verdict in result.verdicts:
        for row in fault_rows.ROWS:
            if row[fault_rows.TRIP] in refused and row[fault_rows.CLEAR] == verdict.field:
                if verdict.kind != REFUSE:
                    verdict.kind, verdict.why = REFUSE, f"{row[fault_rows.TRIP]} is refused"


def _warn_of_currents(result: Result) -> None:
    """A foreign board's currents are those of its MOSFETs; ours, and the cells, may carry less."""
    found = {v.field: v for v in result.verdicts if v.field and v.kind != REFUSE}
    capacity = found["capacity_mah"].value if "capacity_mah" in found else None
    for name in ("occ1_ma", "ocd1_ma"):
        verdict = found.get(name)
        if verdict is None or verdict.kind == WARN:
            continue
        if capacity and name == "occ1_ma" and verdict.value * 2 > capacity:
            verdict.kind, verdict.why = WARN, "more than 0.5C, which is our default"
        elif "board_ma" not in found:
            verdict.kind = WARN
            verdict.why = "set board_ma to what your MOSFETs, shunt and wiring carry"


def _judge(name, given, row, cell_n) -> Verdict:
    shown = _show(given)
    if row is None:
        return Verdict(_show(name), shown, kind="unused", why="we have nothing like it")
    ours, default_unit, _ = row
    if default_unit == STACK and not cell_n:
        why = "voltage of the stack: say how many cells"
        return Verdict(_show(name), shown, kind=REFUSE, why=why)
    value = _value(given, default_unit, cell_n)
    verdict = Verdict(_show(name), shown, ours, value)
    if value is None:
        verdict.field = ""
        verdict.kind, verdict.why = REFUSE, f"no number in {default_unit or 'units'}"
        return verdict
    if ours.startswith(("ocd", "dcl")):
        verdict.value = value = abs(value)
    _judge_value(verdict, value)
    return verdict


def _judge_value(verdict: Verdict, value: int) -> None:
    """The table of dangers, then what our own configuration allows at all."""
    for ours, side, limit, kind, why in DANGERS:
        beyond = value < limit if side == LEAST else value > limit
        if ours == verdict.field and beyond and verdict.kind != REFUSE:
            verdict.kind, verdict.why = kind, why
    if verdict.kind == REFUSE:
        return
    for row in chemistry.rows(JUDGED):
        if row[0] == verdict.field and not row[2] <= value <= row[3]:
            verdict.kind = REFUSE
            verdict.why = f"allowed are {row[2]} to {row[3]} {unit(row[0])}".rstrip()


def _value(given, default_unit: str, cell_n):
    """A number in our unit, None when it is none or its unit does not fit."""
    if type(given) in (int, float) and math.isfinite(given):
        number, said = given, default_unit
    elif isinstance(given, str) and (match := _NUMBER.match(given)):
        number = float(match[1].replace(",", "."))
        said = _SPELLINGS.get(match[2].lower(), match[2]) or default_unit
    else:
        return None
    if said not in _UNITS or _UNITS[said][0] != _UNITS[default_unit][0]:
        return None
    number *= _UNITS[said][1]
    if default_unit == STACK:
        number /= cell_n
    return round(number) if abs(number) < 1 << 30 else None


def _show(value) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN_N else text[:_SHOWN_N] + "..."


def _fit(result: Result) -> None:
    """Bring what nobody gave in line with what was given, then ask the configuration itself."""
    values = {row[0]: row[1] for row in chemistry.rows(JUDGED)} | result.values
    for name, rule in DERIVED:
        if name not in result.values:
            values[name] = rule(values)
    envelope = {row[0]: row[2:4] for row in chemistry.rows(JUDGED)}
    given = dict(result.values)
    for name, rule in FITTING:
        if name in given:
            continue
        low, high = envelope[name]
        now = max(low, min(high, rule(values)))
        if now != values[name]:
            result.fitted.append((name, values[name], now))
            values[name] = result.values[name] = now
    try:
        result.config = Config(result.values)
    except ConfigError as error:
        result.problems = list(error.problems)
