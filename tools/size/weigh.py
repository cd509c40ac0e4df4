"""Runs on MicroPython's virtual machine: imports modules one by one, and starts the firmware.

`weigh.py STEP ...`. A step is a module, or "start" or "reports". The script is run once for every step, and
twice more; in between the machine collects its garbage, so what `gc.mem_alloc` tells is what stays.
"""

import gc
import sys

_WAITS = 40  # of `Later` for the first FET, and some for all reporters to begin
_RIG = ("asyncio", "machine", "rp2", "onestore", "bluetooth")


def start():
    """main.py as it is: every task of it up to its first wait, and nothing of it is let go."""
    for name in _RIG:  # before main.py has its own way of finding modules
        try:
            __import__(name)
        except ImportError:  # no Bluetooth here
            pass
    with open("/main.py") as file:
        exec(compile(file.read(), "main.py", "exec"), {"__name__": "__main__"})


def report():
    """What waits for the first FET is made: every task goes on until each reporter has begun."""
    import asyncio

    for task in asyncio.kept:  # and those that come meanwhile
        for _ in range(_WAITS):
            task.send(None)


class State:
    """Survives from run to run as a module of its own."""

    def __init__(self):
        self.step = 0


if "weigh_state" not in sys.modules:
    sys.modules["weigh_state"] = State()
state = sys.modules["weigh_state"]

steps = [""] + sys.argv[1:] + [""]
if state.step > 0:
    print(steps[state.step - 1] or "-", gc.mem_alloc())
step = steps[state.step]
if step == "start":
    start()
elif step == "reports":
    report()
elif step:
    __import__(step)
state.step += 1
gc.collect()
