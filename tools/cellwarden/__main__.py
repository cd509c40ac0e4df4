"""`cellwarden`, also as `python -m cellwarden`."""

import sys
from pathlib import Path

_ROOTS = ("lib", "firmware", "boards/rp2", "tools", "tools/fakes", ".")


def find_sources() -> None:
    """The firmware's own code, beside us in a clone or inside the installed package."""
    here = Path(__file__).resolve().parent
    root = here / "_tree" if (here / "_tree").is_dir() else here.parents[1]
    paths = [str((root / part).resolve()) for part in _ROOTS]
    sys.path[:0] = [path for path in paths if path not in sys.path]


def main() -> int:
    """The command line."""
    find_sources()
    from cellwarden.cli import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
