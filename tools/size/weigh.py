"""Runs on MicroPython's virtual machine: imports modules one by one, and starts the firmware.

`weigh.py STEP ...`. A step is a module, or "start" or "reports". The script is run once for every step, and
twice more; in between the machine collects its garbage, so what `gc.mem_alloc` tells is what stays.
"""

import asyncio
import gc
import sys

import micropython

sys.modules.pop("os", None)
import os  # noqa: E402 the rig's own

import machine  # noqa: E402
import rp2  # noqa: E402

try:
    import bluetooth
except ImportError:  # weighed without
    bluetooth = None


class NoInput:
    """`select`: nobody types."""

    POLLIN = 1

    def poll(self, *ms):
        return [] if ms else self

    def register(self, stream, mask):
        pass


class Heap:
    """`gc` of a board: with Bluetooth so little is free that windows around trips are not kept."""

    def __init__(self):
        self.collect, self.threshold, self.mem_alloc = gc.collect, gc.threshold, gc.mem_alloc
        self.mem_free = lambda: 60_000 if bluetooth else 120_000


sys.modules["select"] = NoInput()
ROM = (asyncio, bluetooth, machine, os, rp2)  # a board has them there: they are nobody's heap
_WAITS = 1500  # of `Later` for the first FET, and between pieces, where nothing scans


def start():
    """main.py as it is: every task of it up to its first wait, and nothing of it is let go."""
    sys.modules["gc"] = Heap()
    with open("/main.py") as file:
        exec(compile(file.read(), "main.py", "exec"), {"__name__": "__main__"})


def report():
    """What waits for the first FET is made: every task goes on until each reporter has begun."""
    sys.modules["bms.app"].App._supervise = asyncio.unsupervised
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
    micropython.qstr_info()
step = steps[state.step]
if step == "start":
    start()
elif step == "reports":
    report()
elif step:
    __import__(step)
state.step += 1
gc.collect()
