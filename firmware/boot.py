"""Runs before main.py: finishes an update that was cut off, and takes one back that did not work.

`make flash` lays new files into /staged and checks them. Then it writes the plan: one line a file,
its name in /staged and the path it gets, or "-" and a path to remove. From then on the update is
finished by whoever comes next, however often it is cut; before, it never happened. A plan that cannot
be finished is an `OSError`, and then MicroPython does not run main.py: never half a version. The
off-pins float meanwhile, so the FETs are off.

What the plan replaces goes to /previous, with a plan for the way back and a mark, `trial`. The first
start makes it `tried` and lets a watchdog run; the first verified scan removes it (bms/report/proven.py).
A start that still finds `tried` goes back to what was there before.
"""

import os

import micropython

_STAGE = "/staged/"
_PLAN = "/staged/plan"
_KEPT = "/previous/"
_WATCHDOG_MS = 8300  # longest that every port has


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


def keep(path: str) -> None:
    """Put away what a plan replaces, once; without the folder nobody wants it back."""
    old = _KEPT + path[1:].replace("/", "-")
    if (
        is_there(path)
        and not path.startswith(_KEPT)
        and not is_there(old)
        and is_there(_KEPT[:-1])
    ):
        os.rename(path, old)


def settle() -> None:
    """Let littlefs end a rename that the power left half done; it does so before any change it makes.

    Until then that of MicroPython 1.28 shows neither the file that was moved nor the one after it in
    its folder, such as our plan.
    """
    try:
        os.remove("/staged/none")
    except OSError:  # it was not there, and that is all
        pass


def carry_out(plan: str, folder: str, keeps: bool, after_each=None) -> None:
    """Every line of a plan. Each may have been done already."""
    with open(plan) as lines:
        for line in lines:
            name, path = line.strip().split(" ", 1)
            if keeps and (name == "-" or is_there(folder + name)):
                keep(path)
            if name != "-":
                move(folder + name, path)
            elif is_there(path):
                os.remove(path)
            if after_each is not None:
                after_each()
    os.remove(plan)


def finish(after_each=None) -> None:
    """Carry out the plan, if there is one; `after_each` line of it this is called."""
    settle()
    if not is_there(_PLAN):
        return
    carry_out(_PLAN, _STAGE, True, after_each)
    try:
        os.rmdir("/staged")
    except OSError:  # somebody's file in there: no reason not to start
        pass


def judge() -> None:
    """A version on trial gets one start; whoever comes after a start that failed goes back."""
    if is_there(_KEPT + "tried"):
        if is_there(_KEPT + "plan"):
            os.rename(_KEPT + "plan", _KEPT + "back")
        os.remove(_KEPT + "tried")
    if is_there(_KEPT + "back"):
        carry_out(_KEPT + "back", _KEPT, False)
        open(_KEPT + "rolled", "w").close()
    elif is_there(_KEPT + "trial"):
        os.rename(_KEPT + "trial", _KEPT + "tried")
        watch()


def watch() -> None:
    """Whatever hangs on trial is reset."""
    try:
        import machine

        machine.WDT(timeout=_WATCHDOG_MS)
    except (ImportError, AttributeError, OSError, ValueError):
        pass


micropython.alloc_emergency_exception_buf(100)
finish()
judge()
