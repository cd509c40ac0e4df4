"""main.py with two test points: GP15 is high during a scan, GP16 during a garbage collection.

For measuring with an emulator or a logic analyser; otherwise what `bms.start.run` does. Where there is a module
`extra`, its `tasks()` run beside the reporters.
"""

import gc

from machine import Pin

gc.threshold(40000)  # as main.py

from bms import app, start  # noqa: E402

scan_pin = Pin(15, Pin.OUT, value=0)
gc_pin = Pin(16, Pin.OUT, value=0)
build, reporters = start.build, start.reporters


class Collector:
    """Stands in for the module `gc` inside `bms.app`."""

    def collect(self):
        gc_pin(1)
        gc.collect()
        gc_pin(0)


def shown():
    """The scan, which shows when it runs."""
    scan = build()
    tick = scan.tick

    def timed(dt_ms):
        scan_pin(1)
        tick(dt_ms)
        scan_pin(0)

    scan.tick = timed
    return scan


def with_extra(scan):
    try:
        from extra import tasks
    except ImportError:
        return reporters(scan)
    return reporters(scan) + tasks()


app.gc = Collector()
start.build = shown
start.reporters = with_extra
start.run(lambda: None)
