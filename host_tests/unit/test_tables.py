"""Tables of names: MicroPython's grow only when they are full, and a full one is searched to its end.

py/map.c, `hash_allocation_sizes`. On the emulated Pico a look into the snapshot took 2.6 us with 37 names, 2.0 with 38.
"""

import pytest

from boards.sim.board import make_sim
from boards.sim.families import FAMILIES

SIZES = (17, 23, 29, 37, 47, 59, 73)  # smaller ones are searched fast enough


def parts(of, seen):
    """Every object of ours that this one holds, whatever the depth."""
    for each in vars(of).values():
        module = type(each).__module__.split(".")[0]
        if id(each) in seen or not hasattr(each, "__dict__") or module in ("sim", "builtins"):
            continue
        seen[id(each)] = each
        parts(each, seen)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_large_object_of_a_scan_has_a_full_table(family):
    scan = make_sim(cell_n=8, family=family).scan
    seen = {id(scan): scan}
    parts(scan, seen)
    names = {type(each).__name__: len(vars(each)) for each in seen.values()}
    assert names["Snapshot"] > 17
    assert {name: n for name, n in names.items() if n in SIZES} == {}
