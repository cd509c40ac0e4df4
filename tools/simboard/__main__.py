"""`python -m simboard [--folder PATH]`: a simulated board on a pseudo terminal until Ctrl-C."""

import argparse
import sys
import tempfile
from pathlib import Path

from bms.config import ConfigError
from simboard.serve import Served


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="simboard", description=__doc__)
    parser.add_argument("--folder", type=Path, help="its files; default: a new one that is lost")
    parser.add_argument("--speed", type=float, default=1.0, help="times real time")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as fresh:
        try:
            served = Served(options.folder or Path(fresh), options.speed)
        except (ConfigError, OSError) as error:
            print(f"simboard: {error}", file=sys.stderr)
            return 2
        print(f"a simulated board on {served.path}; try: cellwarden status --port {served.path}")
        sys.stdout.flush()
        try:
            served.run()
        except KeyboardInterrupt:
            pass
        served.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
