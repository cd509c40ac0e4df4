"""Time as an argument: what the app needs of a clock, from MicroPython's `time`.

Policy never sees this; it gets `dt_ms`. The simulator passes an object with the same three methods.
"""

import time


class Clock:
    """Milliseconds that wrap, and the right way to subtract them.

    No hints: the stubs have types of their own for ticks.
    """

    def ticks_ms(self):
        return time.ticks_ms()

    def ticks_diff(self, later, earlier):
        return time.ticks_diff(later, earlier)

    def ticks_add(self, ticks, delta_ms):
        return time.ticks_add(ticks, delta_ms)
