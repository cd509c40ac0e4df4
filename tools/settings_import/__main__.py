"""`python -m settings_import FILE`: take over the settings of a JK, JBD or Daly BMS, as far as they are safe.

FILE is JSON: an object of names and values, or a list of {"name", "value", "unit"} or of JBD registers
{"reg", "raw"}. Exit code 0: a configuration was made of all of it; 1: something was refused, and nothing is
written without --safe; 2: it cannot be read.
"""

import argparse
import json
import sys
from pathlib import Path

from settings_import.convert import ImportProblem, convert
from settings_import.tables import KINDS

_LARGEST_N = 1 << 20


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="settings_import", description=__doc__.split("\n\n")[0])
    parser.add_argument("file", type=Path, help="JSON of the other BMS")
    parser.add_argument("--kind", choices=["auto", *KINDS], default="auto", help="whose it is")
    parser.add_argument("--cells", type=int, metavar="N", help="cells in series")
    parser.add_argument("--output", type=Path, metavar="PATH", help="write our config.json there")
    parser.add_argument(
        "--safe", action="store_true", help="our defaults where a value is refused"
    )
    args = parser.parse_args(argv)
    try:
        result = convert(_read(args.file), args.kind, args.cells)
    except (ImportProblem, OSError) as error:
        print(f"settings_import: {error}", file=sys.stderr)
        return 2
    _tell(result)
    bad = bool(result.refused()) and not args.safe
    if result.config is None or bad:
        return 1
    if args.output is not None:
        args.output.write_text(json.dumps(result.values, indent=1) + "\n", encoding="utf-8")
        print(f"written: {args.output}, {len(result.values)} values; all others are defaults")
    return 0


def _read(path: Path):
    data = path.read_bytes()
    if len(data) > _LARGEST_N:
        raise ImportProblem(f"{path}: {len(data)} bytes: this is no parameter list")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImportProblem(f"{path} is not JSON: {' '.join(str(error).split())}") from error


def _tell(result) -> None:
    print(f"read as {result.kind}")
    for verdict in result.verdicts:
        print(verdict)
    for name, default, now in result.fitted:
        print(f"fitted: {name} {default} -> {now}, to agree with what was given")
    for problem in result.problems:
        print(f"does not hold together: {problem}")


if __name__ == "__main__":
    sys.exit(main())
