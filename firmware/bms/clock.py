"""Time as an argument: what the app needs of a clock, from MicroPython's `time`.

Policy never sees this; it gets `dt_ms`. The simulator passes an object with the same three methods.
"""

import time


class Clock:
    """Milliseconds that wrap, and the right way to subtract them."""

    def ticks_ms(self) -> int:
        return time.ticks_ms()

    def ticks_diff(self, later: int, earlier: int) -> int:
        return time.ticks_diff(later, earlier)

    def ticks_add(self, ticks: int, delta_ms: int) -> int:
        return time.ticks_add(ticks, delta_ms)
