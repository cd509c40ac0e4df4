"""`python -m onboard PORT`: the figures of `make bench` on a real board; docs/figures.md says how to wire it.

The firmware must be installed (`make flash`) and the service jumper closed. Nothing stays on the board.
"""

import json
import subprocess
import sys
from pathlib import Path

from bench.table import in_a_line, row

_HERE = Path(__file__).parent
_MAIN = _HERE.parent / "emulate" / "on_pico.py"
_EXTRA = _HERE / "extra_on_board.py"
RIG = "board"
_LIMIT_S = 1800
# name on the board -> (name, [(of the three numbers, unit, divisor, bound)])
_KINDS = {
    "pio": ("ALERT to off-pin by PIO", "ns", 1, (None, None, 100)),
    "interrupt": ("ALERT to off-pin by interrupt alone", "us", 1000, (None, 12, 40)),
    "scan": ("scan", "ms", 1000000, (12, None, None)),
    "collection": ("garbage collection", "ms", 1000000, (None, None, 15)),
}
_WHICH = ("median", "99 in 100", "worst")


def rows(said: str):
    """Rows of the table from what the board has printed."""
    for line in said.splitlines():
        words = line.split()
        if words[:1] == ["FREE"]:
            yield row(
                "free heap, everything on (at least)", int(words[1]) / 1024, "KiB", RIG, -120
            )
        elif words[:1] == ["FIGURE"]:
            kind, _, pin = words[1].partition("-")
            name, unit, divisor, bounds = _KINDS[kind]
            for which, value, bound in zip(_WHICH, words[3:], bounds, strict=True):
                full = f"{name}{' ' if pin else ''}{pin}, {which} of {words[2]}"
                yield row(full, int(value) / divisor, unit, RIG, bound)


def ask(port: str) -> str:
    """Everything that the board says while it measures."""
    remote = [sys.executable, "-m", "mpremote", "connect", port]
    subprocess.run([*remote, "cp", str(_EXTRA), ":extra.py"], check=True)
    try:
        done = subprocess.run(
            [*remote, "run", str(_MAIN)],
            stdout=subprocess.PIPE,
            text=True,
            timeout=_LIMIT_S,
            check=False,  # it ends as if by Ctrl-C
        )
    finally:
        subprocess.run([*remote, "rm", ":extra.py"], check=True)
        subprocess.run([*remote, "reset"], check=True)
    return done.stdout


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    said = ask(sys.argv[1])
    found = list(rows(said))
    for each in found:
        print(in_a_line(each))
    if "DONE" not in said.split():
        print(f"the board stopped in the middle: {said[-500:]}", file=sys.stderr)
        return 1
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
