"""Runs on MicroPython's virtual machine: imports modules one by one, then starts the firmware.

`weigh.py MODULE ...`. It is run once for every module, and a few times more; in between the machine
collects its garbage, so what `gc.mem_alloc` tells is what stays.
"""

import gc
import sys


def note(name):
    print(name, gc.mem_alloc())


def start():
    """main.py as it is: every task of it up to its first wait, and nothing of it is let go."""
    with open("/main.py") as file:
        exec(compile(file.read(), "main.py", "exec"), {"__name__": "__main__"})


class State:
    """Survives from run to run as a module of its own."""

    def __init__(self):
        self.step = 0


if "weigh_state" not in sys.modules:
    sys.modules["weigh_state"] = State()
state = sys.modules["weigh_state"]

names = sys.argv[1:]
if state.step == 1:
    note("-")
elif 1 < state.step <= len(names) + 1:
    note(names[state.step - 2])
elif state.step > len(names) + 1:
    note("start")
if 1 <= state.step <= len(names):
    __import__(names[state.step - 1])
elif state.step == len(names) + 1:
    start()
state.step += 1
gc.collect()
