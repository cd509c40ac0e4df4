"""The table of every setting in docs/lfp-defaults.md: `python -m checks.defaults` writes it anew."""

import sys
from pathlib import Path

from checks.source import ROOT

DOC = ROOT / "docs" / "lfp-defaults.md"
BEGIN = "<!-- begin: written by make defaults -->"
END = "<!-- end -->"


def table() -> str:
    """Markdown rows, one a field, straight from the field tables of every chemistry."""
    sys.path[:0] = [str(ROOT / part) for part in ("lib", "firmware", "tools/fakes")]
    from bms import chemistry
    from bms.config import unit

    others = {
        cell: {row[0]: row for row in chemistry.rows(cell)} for cell in chemistry.names()[1:]
    }
    lines = [
        "| field | default | allowed | unit | meaning | other chemistries |",
        "|---|---|---|---|---|---|",
    ]
    for name, default, low, high, words in chemistry.rows("LFP"):
        differ = [
            f"{cell} {rows[name][1]} ({rows[name][2]}..{rows[name][3]})"
            for cell, rows in others.items()
            if rows[name][1:4] != (default, low, high)
        ]
        lines.append(
            f"| `{name}` | {default} | {low}..{high} | {unit(name)} | {words} | {', '.join(differ)} |"
        )
    return "\n".join(lines)


def rewritten(text: str) -> str:
    """The document with its table as the code has it now."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.split(END, 1)[1]}"


def main(path: Path = DOC) -> None:
    path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
