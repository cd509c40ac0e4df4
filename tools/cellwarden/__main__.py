"""`cellwarden`, also as `python -m cellwarden`."""

import signal
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

    for name in (
        "SIGTERM",
        "SIGHUP",
    ):  # as Ctrl-C: nothing half written stays, the terminal is itself again
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    return run()


if __name__ == "__main__":
    sys.exit(main())
