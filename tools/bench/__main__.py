"""`python -m bench`: how fast the host runs the firmware, and what a quiet scan costs on the bus."""

import argparse
import json
import sys
from itertools import chain

from bench.measure import bus_cost, minimum, speed
from bench.table import host_rows, in_a_line, target_rows, vm_rows
from boards.sim.board import FAMILY
from boards.sim.families import FAMILIES
from checks.source import ROOT

_SECONDS = 600
TABLE = ROOT / "build" / "bench.json"


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "--seconds", type=int, default=_SECONDS, help="simulated time a measurement"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    options = parser.parse_args(arguments)
    result = {
        "minimum": minimum(),
        "scan": bus_cost(options.seconds),
        "others": [
            {**bus_cost(options.seconds, name), "minimum": minimum(name)}
            for name in FAMILIES
            if name != FAMILY
        ],
        "speed": speed(options.seconds),
    }
    if options.json:
        print(json.dumps(result, indent=1))
        return 0
    print(in_words(result), flush=True)
    rows = []
    for found in chain(host_rows(result), vm_rows(), target_rows()):
        print(in_a_line(found), flush=True)
        rows.append(found)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(json.dumps(rows, indent=1))
    return 0


def row(scan: dict, least: dict) -> str:
    """One family in a line."""
    return (
        f"{scan['family']}, {scan['cell_n']} cells: {scan['transactions']:.2f} transactions a scan "
        f"(least {least['transactions']}), {scan['bytes']:.1f} bytes (least {least['bytes']}), "
        f"{scan['ms']:.1f} ms at {scan['khz']} kHz; driver {scan['mpy']} bytes of .mpy"
    )


def in_words(result: dict) -> str:
    """Some lines of numbers."""
    least, scan, pace = result["minimum"], result["scan"], result["speed"]
    ratio = scan["bytes"] / least["bytes"]
    return "\n".join(
        (
            f"a quiet scan of {scan['cell_n']} cells: {scan['transactions']:.2f} I2C transactions on average, "
            f"{scan['transactions_max']} at most; {scan['bytes']:.1f} bytes on the wire",
            f"  the least that reads the same, with CRC: {least['transactions']} transactions, "
            f"{least['bytes']} bytes: ratio {ratio:.2f}, rest is the configuration read back for ever",
            row(scan, least),
            *[row(other, other["minimum"]) for other in result["others"]],
            f"firmware alone, without the simulated bus: {pace['firmware_ticks_s']:.0f} ticks/s",
            f"firmware, bus, monitor and pack together: {pace['ticks_s']:.0f} ticks/s, "
            f"{pace['real_time']:.0f} times real time on one core",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
