"""A comparator at the shunt with a latch behind it: protection that no processor takes part in."""

_NEVER = 1 << 62


class Comparator:
    """Beyond `limit_a` either way for `delay_us` it latches, until the reset line rises.

    `fine`: end that is 0 while latched, else 1; `alert`: open-drain end, low while latched.
    """

    def __init__(self, plant, limit_a: float, delay_us: int, fine, alert, reset_line):
        self._plant = plant
        self.limit_a = limit_a
        self.delay_us = delay_us
        self._fine = fine
        self._alert = alert
        self._due_us = _NEVER
        self.latched = False
        reset_line.watch(self._reset)
        self._drive()

    def next_us(self) -> int:
        return self._due_us

    def run(self, now_us: int) -> None:
        """Look at the shunt."""
        if abs(self._plant.current_a) <= self.limit_a:
            self._due_us = _NEVER
        elif self._due_us == _NEVER and not self.latched:
            self._due_us = now_us + self.delay_us
        if now_us >= self._due_us:
            self._due_us = _NEVER
            self.latched = True
            self._drive()

    def _reset(self, level: int) -> None:
        if level and self.latched:
            self.latched = False
            self._drive()

    def _drive(self) -> None:
        self._fine.drive(0 if self.latched else 1)
        self._alert.drive(0 if self.latched else None)
