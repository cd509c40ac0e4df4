"""The command line: everything a person can get wrong is one line on stderr and exit code 2."""

import argparse
import math
import sys
import time
from pathlib import Path

from bms.config import ConfigError, read_config
from demo import headless
from demo.problem import Problem
from demo.session import Session
from demo.summary import check_writable, in_words, summarise, write_json
from sim.trace import Trace

EXIT_PROBLEM = 2
EXIT_STOPPED = 130
_ROOT = Path(__file__).resolve().parent.parent
_DAY = _ROOT / "sim" / "traces" / "day.csv"
_POWER = Path(__file__).with_name("packs") / "power_cell_16s.json"
_LIVE_SPEED = 30.0
_SPEED_MAX = 1e6
_EPILOG = "A simulated board on a port, for every other command: cellwarden demo --board (--help)."
_DESCRIPTION = (
    "The real firmware on a simulated LiFePO4 pack: watch it, or run a trace through it."
)


class Parser(argparse.ArgumentParser):
    """Without the usage text before the message."""

    def error(self, message: str):
        raise Problem(message)


def speed(text: str):
    """`max` (None) or a positive number."""
    if text == "max":
        return None
    return _positive(text, _SPEED_MAX)


def seconds(text: str) -> float:
    """A positive number of simulated seconds."""
    return _positive(text, 1e9)


def amp_hours(text: str) -> float:
    """Capacity of a cell."""
    return _positive(text, 10000)


def _positive(text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, at most {most:.0f}")
    return value


def port(text: str) -> int:
    """A TCP port that needs no privilege."""
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1024 to 65535")
    return int(text)


def seed(text: str) -> int:
    """What the simulated pack's differences come from."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) < 1 << 30:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number from 1 to {(1 << 30) - 1}"
        )
    return int(text)


def make_parser() -> Parser:
    """Every option."""
    parser = Parser(prog="demo", description=_DESCRIPTION, epilog=_EPILOG)
    add = parser.add_argument
    add("--trace", metavar="FILE", help="recorded cell that drives the pack (CSV)")
    add(
        "--cell-ah",
        type=amp_hours,
        metavar="N",
        help="capacity of that cell; default: from the trace",
    )
    add(
        "--config",
        metavar="FILE",
        help="pack configuration (JSON); default: a 16S 100 Ah pack, with --trace 16S4P of power cells",
    )
    add("--headless", action="store_true", help="run through and end with a summary")
    add("--json", metavar="OUT", help="write the summary there as well")
    add("--speed", type=speed, metavar="N|max", help="times real time")
    add("--seconds", type=seconds, metavar="N", help="end after this much simulated time")
    add("--seed", type=seed, default=1, metavar="N", help="another pack of the same kind")
    add(
        "--port",
        type=port,
        metavar="N",
        help="of the web page; default: 8123 or the next free one",
    )
    add("--no-web", action="store_true", help="no web page")
    add("--no-tui", action="store_true", help="no terminal view, one line an event")
    return parser


def load_config(options):
    """What the file says, checked as a whole; None = the defaults.

    A recording is mostly of a power cell in a drive cycle: without a file it drives a pack of such.
    """
    path = options.config
    if path is None:
        if options.trace is None:
            return None
        path = str(_POWER)
    try:
        return read_config(path).as_dict()
    except ConfigError as error:
        text = str(error)
        raise Problem(text if path in text else f"{path}: {text}") from None


def load_trace(path):
    """The trace, or one line about what is wrong with it."""
    try:
        return Trace(path)
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Problem(str(error)) from None


def run_headless(options) -> int:
    """Everything, then the summary."""
    trace = load_trace(options.trace or _DAY)
    values = load_config(options)
    session = Session(values, trace, options.seed, trace_ah=options.cell_ah)
    for words in session.warnings():
        print(words, file=sys.stderr)
    end_us = trace.duration_us if options.seconds is None else int(options.seconds * 1e6)
    progress = headless.Progress(session, end_us)
    began_s = time.monotonic()
    complete = headless.run(session, end_us, options.speed, progress)
    progress.end()
    result = summarise(session, time.monotonic() - began_s, complete)
    config = session.pack.config
    print(f"{session.trace.path} on a {config.cell_n}S pack of {config.capacity_mah / 1000:g} Ah")
    print(in_words(result))
    if options.json:
        write_json(options.json, result)
    return 0 if complete else EXIT_STOPPED


def run_live(options) -> int:
    """To be watched; needs more than the headless run, so it is imported here."""
    from demo import live

    trace = None if options.trace is None else load_trace(options.trace)
    if options.speed is None and "--speed" not in options.given:
        options.speed = _LIVE_SPEED
    return live.run(options, load_config(options), trace)


def main(arguments=None) -> int:
    """Exit code: 0, 2 for what a person can mend, 130 after Ctrl-C in a headless run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        options = make_parser().parse_args(arguments)
        options.given = {argument.split("=")[0] for argument in arguments}
        if options.json:
            check_writable(options.json)
        return run_headless(options) if options.headless else run_live(options)
    except Problem as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return EXIT_PROBLEM
    except KeyboardInterrupt:
        return EXIT_STOPPED
