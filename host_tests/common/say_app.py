"""What becomes of a scan that needs the heap, under `App` on MicroPython: lines of what was seen.

`say_app.py hard|soft`: where pin interrupts do without the scheduler the scan is a call of it.
"""

import sys

import micropython

if "firmware" not in "".join(sys.path):  # a native micropython starts with nothing
    sys.path[:] = ["lib", "firmware", "tools", ""] + sys.path

sys.modules["asyncio"] = sys  # this machine has none, and nothing of it is called
from bms.app import App  # noqa: E402


class Cutoff:
    def __init__(self):
        self.hard = "hard" in sys.argv
        self.wake = None
        self.blocked = self.lapses = 0

    def arm(self):
        pass

    def block(self):
        self.blocked += 1

    def lapse(self):
        self.block()
        self.lapses += 1


class Scan:
    """Does what `act` says; `seen` has room for what it saw. Also clock, pack, journal, and the flag that wakes."""

    def __init__(self, act):
        self.board = self.pack = self.journal = self
        self.noted = 0
        self.cutoff = Cutoff()
        self.period_ms = 250
        self.again = False
        self.act = act
        self.other = 0
        self.bound = self.call
        self.seen = [0] * 9
        self.n = 0

    def tick(self, ms):
        self.seen[self.n] = ms
        self.n += 1
        self.act(self)

    def call(self, _):
        self.other += 1

    def set(self):
        pass

    def note(self, *_record):
        self.noted += 1

    def wait(self):
        yield

    def ticks_ms(self):
        return 0

    def ticks_add(self, now_ms, ms):
        return now_ms + ms

    ticks_diff = ticks_add


def needs_heap(scan):
    for i in range(300, 400):  # interned nowhere
        scan.seen[8] = (i, i)


def is_called_in_between(scan):
    micropython.schedule(scan.bound, 0)
    for _ in range(100):
        pass
    scan.seen[8] = scan.other


def is_wrong(scan):
    raise TypeError


def goes_too_deep(scan):
    goes_too_deep(scan)


def is_locked():
    try:
        needs_heap(Scan(None))
    except MemoryError:
        return True
    return False


def play(what, n=2):
    scan = Scan(what)
    app = App(scan, scan, scan)
    for _ in range(n):
        loop = app._scan_forever()
        try:
            loop.send(None)
            said = "goes on"
        except Exception as error:
            said = type(error).__name__
        rest = "locked" if is_locked() else type(app.error).__name__
        print(what.__name__, said, scan.n, scan.cutoff.blocked, scan.noted, rest)
    return scan


def is_fine(scan):
    scan.seen[7] = is_locked()


def stuck():
    """Inside a call of the scheduler there are no others: the scan comes all the same, once, and has the heap."""
    scan = Scan(is_fine)
    loop = App(scan, scan, scan)._scan_forever()
    micropython.schedule(loop.send, None)
    for _ in range(200):
        pass
    print("stuck", scan.n, scan.seen[7])


def full():
    """And so it does when there is no place in the queue."""
    scan = Scan(is_fine)
    loop = App(scan, scan, scan)._scan_forever()

    def fill(_):
        try:
            while True:
                micropython.schedule(scan.bound, 0)
        except RuntimeError:
            pass
        loop.send(None)

    micropython.schedule(fill, 0)
    for _ in range(200):
        pass
    print("full", scan.n, scan.seen[7], scan.other > 0)


def main() -> None:
    play(needs_heap)
    play(goes_too_deep, 1)
    play(is_wrong, 2)
    scan = play(is_called_in_between, 1)
    inside = scan.seen[8]
    for _ in range(100):
        pass
    print("inside", inside, "after", scan.other)
    print("locked", play(is_fine, 1).seen[7])
    stuck()
    full()


main()
