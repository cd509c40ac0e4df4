"""A comparator with a latch beside the monitor, and the pins that tell of it.

    from machine import Pin
    from latch import Latch

    latch = Latch(Pin(2, Pin.IN, Pin.PULL_UP), Pin(3, Pin.OUT, value=0), 300_000, 200)
A comparator at the shunt with a latch behind it has opened the FETs before anybody here knows, and they stay
open until it is reset. `Latch` fills the alert role, and of the guard role what hardware can (see `split`).
"""

from micropython import const

from roles import TRIP_SCD

ALARM_LATCH = const(1 << 16)  # above the bits of a chip's own alarm register
_HOLD_N = const(8)  # looks that a trip stays in `read_status`: two seconds of scans


class Latch:
    """`pin`: low while latched. `reset`: high for a moment lets go. Trips at `limit_ma` after `delay_us`."""

    def __init__(self, pin, reset, limit_ma: int, delay_us: int):
        self._pin = pin
        self._reset = reset
        self._held = 0
        self._told = False  # latched since, and seen
        self.applied = {"scd_ma": limit_ma, "scd_us": delay_us}

    def load(self, config) -> None:
        """Resistors cannot be configured: `ValueError` when they do not fit."""
        limit_ma = self.applied["scd_ma"]
        if not config.ocd2_ma < limit_ma <= config.scd_ma:
            raise ValueError(
                f"scd_ma: {config.scd_ma}, the comparator trips at {limit_ma}, "
                f"must be above ocd2_ma, {config.ocd2_ma}, and at most scd_ma"
            )
        if self.applied["scd_us"] > config.scd_us:
            raise ValueError(f"scd_us: {config.scd_us}, wired are {self.applied['scd_us']}")

    def arm(self) -> None:
        """Let go: the FETs are off."""
        self._held = 0
        self.clear_alarm(ALARM_LATCH)

    def read_status(self) -> int:
        """TRIP_SCD for some scans after it was seen: the current ends with the FETs."""
        if not self._held:
            return 0
        self._held -= 1
        return TRIP_SCD

    def read_alarm(self) -> int:
        """ALARM_LATCH while it is latched."""
        if self._pin():
            self._told = False
            return 0
        if not self._told:
            self._told = True
            self._held = _HOLD_N
        return ALARM_LATCH

    def clear_alarm(self, bits: int) -> None:
        """Reset the latch; a short that is still there latches it again."""
        if bits & ALARM_LATCH:
            self._reset(1)
            self._reset(0)
            self._told = False
