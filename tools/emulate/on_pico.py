"""main.py with two test points: GP15 is high during a scan, GP16 during a garbage collection.

For measuring with an emulator or a logic analyser; otherwise what `bms.start.run` does. Where there is a module
`extra`, its `tasks()` run beside the reporters.
"""

import gc

from machine import Pin

gc.threshold(110000)  # as main.py

from bms import app, start  # noqa: E402

gc.threshold(40000)
scan_pin = Pin(15, Pin.OUT, value=0)
gc_pin = Pin(16, Pin.OUT, value=0)
build, reports = start.build, start.reports


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


def with_extra(running, scan):
    try:
        from extra import tasks
    except ImportError:
        return reports(running, scan)
    for task in tasks():
        running.add(task)
    return reports(running, scan)


app.gc = Collector()
start.build = shown
start.reports = with_extra
start.run(lambda: None)
