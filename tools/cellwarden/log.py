"""`log list|export|plot|verify`: a board's record, read from the board or from a copy."""

from pathlib import Path

import click

from cellwarden import rows
from cellwarden.common import as_json, on_board, progress, say, write_whole
from cellwarden.fetch import LOGS, cache_of, fetch, total
from cellwarden.problem import DIFFERS, Problem
from replay import dump

_COPY = click.Path(exists=True, path_type=Path)
_OUT = click.Path(path_type=Path)
_FORMS = (".csv", ".jsonl", ".parquet")
_from = click.option(
    "--from", "copy", type=_COPY, help="a copy of the log (folder or file), no board"
)
_WHAT = click.option(
    "--what", type=click.Choice(rows.TABLES), default="events", show_default=True, help="which log"
)


@click.group()
def log():
    """The black box. What was read from a board stays in a cache: reading goes on where it ended."""


def read_logs(target, copy, names, key=None) -> dict:
    """The logs of a copy, or of the board after fetching these."""
    if copy is not None:
        return parse(copy, key)
    folder = pull(target, names)
    empty = not any(path.is_file() for path in folder.rglob("*"))
    return {} if empty else parse(folder, key)


def parse(folder: Path, key=None) -> dict:
    """Checked logs at a path; whatever lies there, only `Problem` is raised."""
    try:
        return dump.read(folder, dump.key_for(folder, key))
    except (OSError, ValueError, IndexError) as error:
        raise Problem(f"{error}") from None


def pull(target, names, folder: Path | None = None) -> Path:
    """Bring a folder up to date with the board."""
    with target.board() as board:
        where = folder or cache_of(board.port)
        with progress(total(board, names), "reading the log") as advance:
            fetch(board, where, names, advance, ours=folder is None)
    return where


@log.command(name="list")
@click.option(
    "-n",
    "last",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="the last so many; 0: all",
)
@_from
@on_board
@as_json
def list_events(last, copy, target, as_json):
    """The last events, and the windows that can be plotted."""
    logs = read_logs(target, copy, ["events", "windows"])
    events = rows.rows(logs, "events")
    windows = [
        {"record": w.number, "cause": rows.cause(w), "scans": len(w.scans)}
        | {"uptime_s": w.uptime_s, "wall_s": w.wall_s}
        for w in rows.trips(logs)
    ]
    found = {"events": events[-last:] if last else events, "windows": windows}
    say(found, as_json, _list_lines)


def _list_lines(found):
    for event in found["events"]:
        if "problem" in event:
            yield f"{event['record']:6d}  {event['problem']}"
            continue
        when = event["time"] or f"{event['uptime_s'] + event['uptime_ms'] / 1000:.2f} s"
        yield f"{event['record']:6d}  {when:>19}  {event['soc_pm'] / 10:5.1f} %  {event['words']}"
    for window in found["windows"]:
        when = f" at {rows.written(window['wall_s'])}" if window["wall_s"] else ""
        yield f"window {window['record']}: {window['cause']}{when}, {window['scans']} scans"
    if any(event.get("time") for event in found["events"]):
        yield "times are UTC"


@log.command()
@click.argument("out", type=_OUT)
@_WHAT
@_from
@on_board
def export(out, what, copy, target):
    """Write a log to OUT: .csv, .jsonl or .parquet; without such an ending a folder, all logs as they are."""
    if out.suffix not in _FORMS:
        if out.suffix or out.is_file():
            raise Problem(
                f"{out}: end it with {', '.join(_FORMS)}, or give a folder for all of it"
            )
        if copy is not None:
            raise Problem(
                "--from is a copy already: say which file to make of it, such as log.csv"
            )
        pull(target, list(LOGS), out)
        click.echo(f"all logs are in {out}; `cellwarden replay {out}` runs them again")
        return
    found = rows.rows(read_logs(target, copy, [rows.log_of(what)]), what)
    write_whole(out, rows.encoded(found, out.suffix[1:]))
    click.echo(f"{len(found)} rows of {what} in {out}")


@log.command()
@_from
@click.option(
    "--device-key", help="what the chain is made with: 64 hex digits or the file device.key"
)
@on_board
@as_json
def verify(copy, device_key, target, as_json):
    """Was anything changed, taken out or damaged? Exit code 1: yes. Without the key only damage shows."""
    logs = read_logs(target, copy, list(LOGS), device_key)
    names = {number: name for name, number in rows.IDENTS.items()}
    found = [
        {
            "log": names.get(log.ident, str(log.ident)),
            "records": len(log.records),
            "last": log.records[-1].number if log.records else None,
            "mac": log.records[-1].mac.hex() if log.records else None,
            "chain": log.checked,
            "torn_bytes": log.torn_n,
            "problems": log.problems,
        }
        for log in logs.values()
    ]
    say(found, as_json, _verify_lines)
    return DIFFERS if any(log["problems"] for log in found) else 0


def _verify_lines(found):
    for log in found:
        how = "chain followed" if log["chain"] else "numbers and sums only: no device key"
        yield f"{log['log']}: {log['records']} records, last {log['last']} ({log['mac']}), {how}"
        yield from (f"  {problem}" for problem in log["problems"])


@log.command()
@click.argument("out", type=_OUT)
@click.option("--window", type=int, help="record of the window (`log list`); default: the last")
@click.option("--long", type=click.Choice(["minutes", "hours"]), help="the long run instead")
@_from
@on_board
def plot(out, window, long, copy, target):
    """Draw a trip's window, or the long run, into a picture (.png, .svg, .pdf)."""
    from cellwarden import picture

    if out.suffix not in (".png", ".svg", ".pdf"):
        raise Problem(f"{out}: end it with .png, .svg or .pdf")
    logs = read_logs(target, copy, [long or "windows"])
    if long:
        data = picture.long_run(rows.rows(logs, long), long, out.suffix[1:])
    else:
        data = picture.window(_choose(rows.trips(logs), window), out.suffix[1:])
    write_whole(out, data)
    click.echo(f"drawn: {out}")


def _choose(found, number):
    """The window that begins with this record."""
    whole = [window for window in found if window.scans]
    if not whole:
        raise Problem("no window of scans in this log: nothing has tripped yet")
    if number is None:
        return whole[-1]
    for window in whole:
        if window.number == number:
            return window
    numbers = ", ".join(str(window.number) for window in whole[-8:])
    raise Problem(f"no window begins with record {number}; there are {numbers}")
