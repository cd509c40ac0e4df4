"""A simulated board on a pseudo terminal until Ctrl-C."""

import argparse
import sys
import tempfile
from pathlib import Path

from bms.config import ConfigError
from simboard.mistakes import PLANT
from simboard.person import Overload, Person
from simboard.serve import Served

_SPEED_MAX = 1000


class Parser(argparse.ArgumentParser):
    """Without the usage text before the message."""

    def error(self, message: str):
        self.exit(2, f"cellwarden: {message} (cellwarden demo --board --help)\n")


def speed(text: str) -> float:
    """Times real time."""
    value = float(text)
    if not 0 < value <= _SPEED_MAX:
        raise ValueError
    return value


def tcp(text: str) -> int:
    """A TCP port."""
    value = int(text)
    if not 0 <= value < 1 << 16:
        raise ValueError
    return value


def main(arguments=None) -> int:
    parser = Parser(prog="cellwarden demo --board", description=__doc__)
    parser.add_argument("--folder", type=Path, help="its files; default: a new one that is lost")
    parser.add_argument("--speed", type=speed, default=1.0, help="times real time")
    parser.add_argument("--tcp", type=tcp, metavar="PORT", help="also there; 0: any free one")
    parser.add_argument("--new", action="store_true", help="not commissioned: to try that")
    parser.add_argument(
        "--mistake", action="append", default=[], choices=sorted(PLANT), help="in its wiring"
    )
    parser.add_argument(
        "--overload", action="store_true", help="20 s after the start: a trip to look at"
    )
    options = parser.parse_args(arguments)
    wiring = {"commissioned": not (options.new or options.mistake), "mistakes": options.mistake}
    wiring["overload"] = Overload() if options.overload else None
    with tempfile.TemporaryDirectory() as fresh:
        try:
            folder = options.folder or Path(fresh)
            served = Served(folder, options.speed, options.tcp, **wiring)
        except (ConfigError, OSError) as error:
            text = getattr(error, "strerror", None) or str(error)
            print(f"cellwarden: {text.lower()}: {folder}", file=sys.stderr)
            return 2
        print(f"a simulated board on {served.path}; try: cellwarden status --port {served.path}")
        if options.tcp is not None:
            print(f"and on {served.url}")
        if not wiring["commissioned"]:
            print(f"its ammeter shows {Person.load_ma} mA of load, {Person.charger_ma} of charger")
        sys.stdout.flush()
        try:
            served.run()
        except KeyboardInterrupt:
            pass
        served.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
