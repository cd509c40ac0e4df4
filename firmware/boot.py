"""Runs before main.py and finishes an update that was cut off; otherwise it does nothing.

`make flash` lays new files into /staged and checks them. Then it writes the plan: one line a file,
its name in /staged and the path it gets, or "-" and a path to remove. From then on the update is
finished by whoever comes next, however often it is cut; before, it never happened. A plan that cannot
be finished is an `OSError`, and then MicroPython does not run main.py: never half a version. The
off-pins float meanwhile, so the FETs are off.
"""

import os

import micropython

_STAGE = "/staged/"
_PLAN = "/staged/plan"


def is_there(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def move(staged: str, path: str) -> None:
    """Give a staged file its path, unless that was done before the cut."""
    if not is_there(staged):
        os.stat(path)
        return
    try:
        os.rename(staged, path)
    except OSError:  # FAT does not rename onto a file
        os.remove(path)
        os.rename(staged, path)


def settle() -> None:
    """Let littlefs end a rename that the power left half done; it does so before any change it makes.

    Until then that of MicroPython 1.28 shows neither the file that was moved nor the one after it in
    its folder, such as our plan.
    """
    try:
        os.remove("/staged/none")
    except OSError:  # it was not there, and that is all
        pass


def finish(after_each=None) -> None:
    """Carry out the plan, if there is one; `after_each` line of it this is called."""
    settle()
    if not is_there(_PLAN):
        return
    with open(_PLAN) as plan:
        for line in plan:
            name, path = line.strip().split(" ", 1)
            if name != "-":
                move(_STAGE + name, path)
            elif is_there(path):
                os.remove(path)
            if after_each is not None:
                after_each()
    os.remove(_PLAN)
    try:
        os.rmdir("/staged")
    except OSError:  # somebody's file in there: no reason not to start
        pass


micropython.alloc_emergency_exception_buf(100)
finish()
