"""What is to be forgotten is: MicroPython keeps the half of a module whose import failed, under no name."""

from pathlib import Path

from host_tests.target import rig

ROOT = Path(__file__).resolve().parents[2]
HALF = b"data = bytearray(50000)\nraise MemoryError\n"
BEFORE = """
import gc, sys

def used():
    gc.collect()
    return gc.mem_alloc()

def attempt():
    try:
        import abstore
    except MemoryError:
        return
    raise AssertionError

from bms import forget
before = used()
attempt()
print(used() - before)
"""
AFTER = "forget.forget()\nprint(used() - before)"


def test_the_half_of_a_module_that_found_no_memory_is_let_go():
    source = (ROOT / "firmware/bms/forget.py").read_bytes()
    pico = rig.Pico(rig.flash_with([("/bms/forget.py", source), ("/abstore.py", HALF)]))
    pico.boot()
    pico.enter_raw()
    assert int(pico.execute(BEFORE)) > 50000, "there was nothing to let go"
    assert int(pico.execute(AFTER)) < 5000
