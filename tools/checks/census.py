"""`python -m checks.census tests.xml expected.toml`: fails when tests silently stayed away.

Reads pytest's JUnit report. Prints nothing when all is well, so that pytest's closing line is the last.
"""

import os
import re
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

from checks.source import ROOT


def place(root: Path = ROOT) -> str:
    """`with_shared` when the reference data that some tests need are there, else `alone`."""
    shared = Path(os.environ.get("CELLWARDEN_SHARED", root.parent / "shared"))
    return "with_shared" if shared.is_dir() else "alone"


def census(report: str) -> tuple[int, Counter]:
    """Tests that passed, and reasons of those that were skipped. Expected failures are neither."""
    passed, skipped = 0, Counter()
    for case in ElementTree.fromstring(report).iter("testcase"):
        skip = case.find("skipped")
        if skip is not None:
            if skip.get("type") != "pytest.xfail":
                skipped[skip.get("message", "")] += 1
        elif case.find("failure") is None and case.find("error") is None:
            passed += 1
    return passed, skipped


def complaints(passed: int, skipped: Counter, expected: dict, where: str) -> list[str]:
    """One sentence for everything that is not as expected."""
    found = []
    least = expected["passed"][where]
    if passed < least:
        found.append(f"{passed} tests passed, {least} were expected: see .ci/expected.toml")
    allowed = [re.compile(pattern) for pattern in expected["skipped"][where]]
    for reason, count in sorted(skipped.items()):
        if not any(pattern.search(reason) for pattern in allowed):
            found.append(f"{count} tests skipped that should run here: {reason}")
    return found


def main(report: str, expected: str) -> int:
    passed, skipped = census(Path(report).read_text(encoding="utf-8"))
    found = complaints(passed, skipped, tomllib.loads(Path(expected).read_text()), place())
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
