"""main.py with two test points: GP15 is high during a scan, GP16 during a garbage collection.

For measuring with an emulator or a logic analyser; otherwise firmware/main.py, which lies beside it as
`as_is.py`. Where there is a module `extra`, its `tasks()` run beside the reporters.
"""

import gc

from machine import Pin

from bms import app, start

scan_pin = Pin(15, Pin.OUT, value=0)
gc_pin = Pin(16, Pin.OUT, value=0)


class Collector:
    """Around the product's own. `used_n`: most bytes that were in use after it."""

    used_n = 0

    def collect(self):
        gc_pin(1)
        start.collect()
        gc_pin(0)
        self.used_n = max(self.used_n, gc.mem_alloc())


def show(scan):
    """From now on the pin tells when it runs."""
    tick = scan.tick

    def timed(dt_ms):
        scan_pin(1)
        tick(dt_ms)
        scan_pin(0)

    scan.tick = timed


def extra():
    try:
        from extra import tasks
    except ImportError:
        return []
    return tasks()


class Shown(app.App):
    """The product's, looked at."""

    def __init__(self, scan, clock, wake, tasks, _collect):
        show(scan)
        tasks += extra()
        super().__init__(scan, clock, wake, tasks, app.gc.collect)


app.gc = Collector()
start.App = Shown
import as_is  # noqa: E402, F401
