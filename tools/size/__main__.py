"""`make size`: the table, and a failure with one line for every module that has outgrown its budget."""

import argparse
import sys

import size
import vm


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="size", description=__doc__)
    parser.add_argument(
        "--accept", action="store_true", help="write the budget from what is there"
    )
    args = parser.parse_args(argv)
    try:
        found = size.measured()
    except vm.Missing as missing:
        print(f"size: {missing}", file=sys.stderr)
        return 2
    if args.accept:
        size.BUDGET.write_text(size.budget_text(found), encoding="utf-8")
    budget = size.read_budget()
    print(f"{'module':24}{'.mpy B':>8}{'budget':>8}{'heap B':>8}{'budget':>8}")
    for name, (mpy, heap) in found.items():
        limits = budget.get(name, ("-", "-"))
        print(f"{name:24}{mpy:8}{limits[0]:>8}{heap:8}{limits[1]:>8}")
    free = (size.HEAP - found["start"][1]) / 1024
    print(f"free after start on a Pico: {free:.0f} KiB of {size.HEAP / 1024:.0f}")
    free = (size.HEAP_W - found["radio"][1]) / 1024
    print(f"free with Bluetooth on a Pico W: {free:.0f} KiB of {size.HEAP_W / 1024:.0f}")
    lines = size.grown(found, budget)
    for line in lines:
        print(f"size: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
