"""`python -m replay LOG`: run a recorded log through this firmware's code again, decision by decision.

LOG is a dump of the black box, or the folder /log copied from a device. Exit code 0: everything came out
the same, bit for bit; 1: something differs or was damaged; 2: cannot be read or is of another version.
"""

import argparse
import json
import sys
from pathlib import Path

from bms import fault_rows, faults
from bms.window import BEGIN
from replay import dump
from replay.run import OtherVersion, check_version, replay
from replay.windows import Unreadable, windows

_WINDOWS = 2


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="replay", description=__doc__.split("\n\n")[0])
    parser.add_argument("log", type=Path, metavar="LOG", help="file or folder")
    parser.add_argument("--key", help="the device's key: 64 hex digits, or the file that holds it")
    parser.add_argument("--scan", action="store_true", help="print every scan's decisions")
    parser.add_argument("--json", action="store_true", help="one JSON object a window")
    args = parser.parse_args(argv)
    try:
        logs = dump.read(args.log, dump.key_for(args.log, args.key))
    except (OSError, ValueError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    bad = sum(_tell_chain(log) for log in logs.values())
    if _WINDOWS not in logs or not any(item.kind == BEGIN for item in logs[_WINDOWS].records):
        print("replay: no window of scans in this log", file=sys.stderr)
        return 1 if bad else 2
    return max(_replay_all(logs[_WINDOWS], args), 1 if bad else 0)


def _tell_chain(log) -> int:
    for problem in log.problems:
        print(f"log {log.ident}: {problem}")
    return len(log.problems)


def _replay_all(log, args) -> int:
    worst = 0
    try:
        found = windows(log)
    except Unreadable as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    for window in found:
        try:
            check_version(window)
            if args.scan:
                _tell_scans(window)
            outcome = replay(window)
        except (OtherVersion, ValueError) as error:
            print(f"window at record {window.number}: {error}")
            worst = 2
            continue
        told = _as_json(window, outcome) if args.json else _as_text(window, outcome)
        print(told)
        worst = max(worst, 0 if outcome.equal() else 1)
    return worst


def _cause(window) -> str:
    known = window.row < faults.ROW_N
    return fault_rows.ROWS[window.row][fault_rows.NAME] if known else "recording"


def _as_text(window, outcome) -> str:
    head = f"window at record {window.number}, {_cause(window)}: "
    text = f"{outcome.scans} scans, {outcome.decisions} decisions"
    if outcome.first is not None:
        now = window.scans[outcome.first]
        text += f"; scan {now['scan']} is the first that differs: "
        text += ", ".join(f"{name} {was} now {new}" for name, was, new in outcome.differences)
        text += f" (record {window.numbers[outcome.first]})"
    elif outcome.state_equal is False:
        text += ", all equal, but not the state after the last"
    elif outcome.equal():
        text += ", all equal" + (", and the state after the last" if outcome.state_equal else "")
    return head + "; ".join([text, *outcome.notes, *outcome.problems])


def _as_json(window, outcome) -> str:
    return json.dumps(
        {
            "record": window.number,
            "cause": _cause(window),
            "version": window.version,
            "scans": outcome.scans,
            "decisions": outcome.decisions,
            "equal": outcome.equal(),
            "first": None if outcome.first is None else window.scans[outcome.first]["scan"],
            "differences": outcome.differences,
            "notes": outcome.notes,
            "problems": outcome.problems,
        }
    )


def _tell_scans(window) -> None:
    for now in window.scans:
        decided = " ".join(f"{name}={value}" for name, value in now["decided"].items())
        print(f"scan {now['scan']} +{now['dt_ms']} ms: {decided}")


if __name__ == "__main__":
    sys.exit(main())
