"""`python -m deploy flash|freeze`: what `make flash` and `make firmware` call."""

import argparse
import sys

from checks.source import ROOT
from deploy.files import boards, constant
from deploy.flash import Flash, first_status, gather, patience_s
from deploy.link import FlashError, Link

_FREEZE = """\
To build a MicroPython with Cellwarden inside ({board}):
  get MicroPython's sources, 1.24 or newer, and what its ports/{port}/README.md asks for; then
  make -C mpy-cross
  make -C ports/{port} submodules
  make -C ports/{port} BOARD=YOUR_BOARD FROZEN_MANIFEST={manifest}
It holds all but config.json: copy that with mpremote. docs/flashing.md tells more.
"""


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="deploy", description=__doc__)
    parser.add_argument("verb", choices=("flash", "freeze"))
    parser.add_argument("--board", default="")
    parser.add_argument("--port", default="")
    parser.add_argument("--config", default="")
    parser.add_argument("--replace", action="store_true")
    args = parser.parse_args(argv)
    try:
        if args.board not in boards():
            raise FlashError(f"BOARD={args.board or '?'}: choose one of {', '.join(boards())}")
        if args.verb == "freeze":
            port, folder = constant(args.board, "PLATFORM"), ROOT / "boards" / args.board
            print(_FREEZE.format(board=args.board, port=port, manifest=folder / "manifest.py"))
        else:
            flash(args)
    except FlashError as error:
        print(f"{args.verb}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            f"{args.verb}: stopped; nothing is half installed (what --replace took away is gone: flash again)",
            file=sys.stderr,
        )
        return 2
    return 0


def flash(args) -> None:
    wanted = gather(args.board, args.config or None)
    if not args.port:
        raise FlashError("PORT=? such as /dev/ttyACM0; .venv/bin/mpremote devs lists them")
    link = Link(args.port)
    try:
        Flash(link, constant(args.board, "PLATFORM"), wanted, print, args.replace).install()
        print(first_status(link, patience_s(args.port)))
    finally:
        link.close()


if __name__ == "__main__":
    sys.exit(main())
