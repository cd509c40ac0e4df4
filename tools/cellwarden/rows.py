"""A log as rows of a table: events, scans of the windows around trips, samples of the long run."""

import csv
import io
import json
import struct
import time

from bms import fault_rows, faults, series
from bms.journal import NAMES
from bms.window import BEGIN
from cellwarden import words
from cellwarden.problem import Problem
from replay import decode
from replay.windows import Unreadable, windows
from ringlog import SEGMENT

IDENTS = {"events": 1, "windows": 2, "minutes": 3, "hours": 4}
_COUNTERS = "counters"  # among the hours
TABLES = (*IDENTS, _COUNTERS)


def rows(logs: dict, what: str) -> list[dict]:
    """Every row of one of TABLES; what cannot be read is a row's `problem`, not an end."""
    log = logs.get(IDENTS[log_of(what)])
    if log is None:
        return []
    if what == "events":
        return dated([_event(item) for item in log.records if item.kind != SEGMENT])
    if what == "windows":
        return _scans(log)
    if what == _COUNTERS:
        return [_counters(item) for item in log.records if item.kind == series.COUNTERS]
    found = []
    for item in log.records:
        if item.kind == series.SAMPLES:
            found += _samples(item)
    return found


def log_of(what: str) -> str:
    """Which log has this table."""
    return "hours" if what == _COUNTERS else what


def dated(events: list[dict]) -> list[dict]:
    """`time` of every event of a start in which the board was told the time, also of those before."""
    started_s = None
    after_s = 1 << 32
    for event in reversed(events):
        if "problem" in event:
            continue
        if event["uptime_s"] > after_s:  # an earlier start
            started_s = None
        after_s = event["uptime_s"]
        if event["wall_s"]:
            started_s = event["wall_s"] - after_s
        event["time"] = "" if started_s is None else written(started_s + after_s)
        if event["kind"] == "boot":
            started_s = None
    return events


def written(wall_s: int) -> str:
    """A time of the day as the table has it, UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(wall_s))


def _event(item) -> dict:
    try:
        found = decode.event(item.payload)
        kind = NAMES.index(found["kind"])
        number = item.payload[11]  # the item before it became a word
        told = words.of_record({**found, "kind": kind, "item": number})
    except (struct.error, IndexError, ValueError):
        return {"record": item.number, "problem": "cannot be read"}
    found["record"] = item.number
    found["words"] = told["words"]
    return found


def trips(logs: dict) -> list:
    """Windows of the log, `Recorded` each."""
    log = logs.get(IDENTS["windows"])
    if log is None or not any(item.kind == BEGIN for item in log.records):
        return []
    try:
        return windows(log)
    except (Unreadable, struct.error) as error:
        raise Problem(f"the windows cannot be read: {error}") from None


def cause(window) -> str:
    """Which fault a window is about."""
    return (
        fault_rows.ROWS[window.row][fault_rows.NAME] if window.row < faults.ROW_N else "recording"
    )


def _scans(log) -> list[dict]:
    found = []
    for window in trips({IDENTS["windows"]: log}):
        t_ms = 0
        for i, now in enumerate(window.scans):
            t_ms += now["dt_ms"] if i else 0
            row = {"window": window.number, "cause": cause(window), "t_ms": t_ms}
            row |= {k: v for k, v in now.items() if k not in ("cell_mv", "temp_ddegc", "decided")}
            row |= {f"cell{k + 1}_mv": mv for k, mv in enumerate(now["cell_mv"])}
            row |= {f"temp{k + 1}_ddegc": t for k, t in enumerate(now["temp_ddegc"])}
            row |= {f"decided_{name}": value for name, value in now["decided"].items()}
            found.append(row)
    return found


def _samples(item) -> list[dict]:
    try:
        period_s, count, uptime_s, wall_s = struct.unpack_from(series.HEAD, item.payload)[:4]
        samples = decode.samples(item.payload)
    except (struct.error, IndexError):
        return [{"record": item.number, "problem": "cannot be read"}]
    found = []
    for i, sample in enumerate(samples):
        back_s = (count - 1 - i) * period_s
        row = {"record": item.number, "uptime_s": uptime_s - back_s}
        row["wall_s"] = wall_s - back_s if wall_s else 0
        found.append(row | dict(zip(decode.SAMPLE_NAMES, sample)))
    return found


def _counters(item) -> dict:
    try:
        return {"record": item.number} | decode.counters(item.payload)
    except struct.error:
        return {"record": item.number, "problem": "cannot be read"}


def encoded(found: list[dict], form: str) -> bytes:
    """The rows as a file: csv, jsonl or parquet."""
    if form == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in found).encode()
    names = list(dict.fromkeys(name for row in found for name in row))
    if form == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
        return out.getvalue().encode()
    return _parquet(found, names)


def _parquet(found: list[dict], names) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise Problem(
            "Parquet needs pyarrow: pip install '.[parquet]' (in the clone), or write .csv or .jsonl"
        ) from None
    columns = {}
    for name in names:
        values = [row.get(name) for row in found]
        if len({type(value) for value in values if value is not None}) > 1:
            values = [None if value is None else str(value) for value in values]
        columns[name] = values
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()
