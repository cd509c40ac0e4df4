"""docs/configuration.md, every setting under its heading: `python -m checks.configuration` writes it anew."""

import re
import sys
from pathlib import Path

from checks.source import ROOT

DOC = ROOT / "docs" / "configuration.md"
_FIELDS = ROOT / "firmware" / "bms" / "fields.py"
_PLAINER = {"appended": "added later"}
_HEAD = """# Configuration reference

Written from the field table (`firmware/bms/fields.py`) by `make defaults`: do not edit here. Why each default is what
it is: [lfp-defaults.md](lfp-defaults.md). What other chemistries change is in the table there.

A configuration is one JSON object of these names and whole numbers, and `"chemistry"`. Write only what differs from
the default:

    {"cell_n": 16, "ntc_n": 3, "capacity_mah": 100000, "shunt_uohm": 500}

The unit is the end of the name. *follows* means: left out, the value is worked out of others (current limits of the
capacity, for one). A set is taken whole or refused whole, with every problem in words; `cellwarden config check FILE`
does that without a board. `cellwarden config get` shows what a board runs with, `set`, `edit`, `import` change it from
its next start on.
"""


def text() -> str:
    """The whole document."""
    sys.path[:0] = [str(ROOT / part) for part in ("lib", "firmware", "tools/fakes")]
    from bms import chemistry
    from bms.config import unit
    from bms.relations import DERIVED, RELATIONS

    rows = {row[0]: row for row in chemistry.rows("LFP")}
    derived = {name for name, _ in DERIVED}
    out = [_HEAD]
    for heading, names in headings():
        out += [f"## {heading[0].upper()}{heading[1:]}", ""]
        out += ["| field | default | allowed | unit | meaning |", "|---|---|---|---|---|"]
        for name in names:
            _, default, low, high, words = rows[name]
            shown = f"{default}, follows" if name in derived else default
            out.append(f"| `{name}` | {shown} | {low}..{high} | {unit(name)} | {words} |")
        out.append("")
    out += ["## What must hold between fields", "", "Seconds are compared as milliseconds.", ""]
    out += [f"* `{lesser}` {_gap(gap)} `{greater}`" for lesser, gap, greater in RELATIONS]
    return "\n".join(out) + "\n"


def _gap(gap: int) -> str:
    from bms.relations import AT_MOST, BELOW

    if gap == AT_MOST:
        return "at most"
    return "below" if gap == BELOW else f"at least {gap} below"


def headings() -> list[tuple[str, list[str]]]:
    """The comments of the table and the fields under each."""
    found = []
    for line in _FIELDS.read_text(encoding="utf-8").splitlines():
        comment = re.match(r"    # (.+)", line)
        row = re.match(r'    \("(\w+)"', line)
        if comment:
            found.append((_PLAINER.get(comment.group(1), comment.group(1)), []))
        elif row:
            found[-1][1].append(row.group(1))
    return [(heading, names) for heading, names in found if names]


def main(path: Path = DOC) -> None:
    path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
