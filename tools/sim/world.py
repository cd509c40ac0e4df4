"""Time: one clock for plant, chips and events. Nothing moves unless somebody advances it.

`advance` stops at every event and every chip deadline, and at least each `step_us`. The plant is only
brought up to date where something can see it: at events and deadlines, or when it lags `grain_us`
behind; switches that changed meanwhile split the time exactly.
"""

_TICKS_MASK = 0x3FFFFFFF  # MicroPython's ticks period is 2^30
_STUCK_N = 10000
STEP_US = 250000


class Event:
    """A function to be called at a time; `cancel` forgets it."""

    def __init__(self, us: int, call):
        self.us = us
        self.call = call

    def cancel(self) -> None:
        """Do not call it; harmless when it has been."""
        self.call = None


class World:
    """Owns `now_us`; `chips` are anything with `next_us()` (an absolute time or None) and `run(now_us)`.

    A chip's `run` and an event's function may not advance: they happen in no time.
    """

    def __init__(self, plant=None, step_us: int = STEP_US):
        self.now_us = 0 if plant is None else plant.now_us
        self.step_us = step_us
        self.grain_us = 10000
        self.lag_us = 0  # how old the plant may be when a chip looks at it
        self.plant = plant
        self.chips = []
        self._events = []  # sorted by time, first come first served
        self._busy = False
        self._due = False
        self._halted = False
        self._touched = False  # somebody touched the plant: chips must look before time passes

    # the clock as the firmware sees it -------------------------------------------------------------

    def ticks_us(self) -> int:
        """`time.ticks_us`."""
        return self.now_us & _TICKS_MASK

    def ticks_ms(self) -> int:
        """`time.ticks_ms`."""
        return self.now_us // 1000 & _TICKS_MASK

    def sleep_us(self, us: int) -> None:
        """`time.sleep_us`, for drivers."""
        self.advance(us)

    # the clock as scenarios see it -----------------------------------------------------------------

    def at(self, us: int, call):
        """Call this at that absolute time (at once in the next advance, if it is past)."""
        event = Event(us, call)
        events = self._events
        k = len(events)
        while k > 0 and events[k - 1].us > us:
            k -= 1
        events.insert(k, event)
        return event

    def after(self, us: int, call):
        """Call this so much later."""
        return self.at(self.now_us + us, call)

    def sync(self) -> None:
        """Bring the plant up to now and let its switches act; for those who touch it from outside."""
        if self.plant is None:
            return
        lag_us = self.now_us - self.plant.now_us
        if lag_us > 0:
            self.plant.integrate(lag_us)
        self.plant.settle()
        self._touched = True

    def advance(self, us: int) -> None:
        """Let time pass. Refuses from within a chip or an event: an interrupt takes no time."""
        self._pass(us, False)

    def _pass(self, us: int, may_halt: bool) -> None:
        if self._busy:
            raise RuntimeError("time cannot be advanced from inside an interrupt or event")
        if us < 0:
            raise ValueError(f"time does not go back: advance({us})")
        self._busy = True
        try:
            self._run_to(self.now_us + us, may_halt)
        finally:
            self._busy = False

    def slip(self, us: int) -> None:
        """Advance by a moment; where nothing is due in it only the clock moves. For busy buses."""
        to_us = self.now_us + us
        plant = self.plant
        calm = plant is not None and not self._busy and not self._touched
        if calm and to_us - plant.now_us < self.grain_us and not plant.unsettled():
            calm = not self._events or self._events[0].us > to_us
            for chip in self.chips:
                next_us = chip.next_us()
                calm = calm and (next_us is None or next_us > to_us)
            if calm:
                self.now_us = to_us
                return
        self.advance(us)

    def rest(self, us: int) -> None:
        """Advance, but no further than the moment somebody calls `halt`: an interrupt that wakes."""
        self._halted = False
        self._pass(us, True)

    def halt(self) -> None:
        """End a `rest` now. A plain `advance` (a bus transaction, a driver's sleep) is not cut short."""
        self._halted = True

    def coarsen(self, step_us: int, lag_us: int) -> None:
        """Hurry through times in which nothing but ageing happens: storage with the FETs off."""
        self.step_us = step_us
        self.lag_us = lag_us

    def _run_to(self, target_us: int, may_halt: bool = False) -> None:
        plant = self.plant
        if plant is not None and (self._touched or plant.unsettled()):
            self.sync()
            for chip in self.chips:
                chip.run(self.now_us)
            self._touched = False
        grain_us = max(min(self.grain_us, self.step_us), self.lag_us)
        still_n = 0
        while True:
            stop_us = self._next_stop(target_us)
            still_n = still_n + 1 if stop_us == self.now_us else 0
            if still_n > _STUCK_N:
                self._tell_stuck()
            self.now_us = stop_us
            if plant is not None and (self._due or stop_us - plant.now_us >= grain_us):
                self.sync()
            self._fire(stop_us)
            for chip in self.chips:
                chip.run(stop_us)
            if plant is not None and plant.unsettled():
                self.sync()
            else:
                self._touched = False
            if stop_us >= target_us or (may_halt and self._halted):
                return

    def _next_stop(self, target_us: int) -> int:
        """The next moment anything happens; `_due` tells whether anybody looks at the plant then."""
        stop_us = target_us
        self._due = False
        while self._events and self._events[0].call is None:
            self._events.pop(0)
        if self._events and self._events[0].us <= stop_us:
            stop_us = self._events[0].us
            self._due = True
        for chip in self.chips:
            next_us = chip.next_us()
            if next_us is not None and next_us <= stop_us:
                stop_us = next_us
                self._due = self._due or self.plant is None or next_us >= self._stale_us()
        plant = self.plant
        if plant is not None:
            row_us = plant.next_us()
            if row_us is not None and row_us <= stop_us:
                stop_us = row_us
                self._due = True
            stop_us = min(stop_us, plant.now_us + self.step_us)
        return max(stop_us, self.now_us)

    def _stale_us(self) -> int:
        return self.plant.now_us + self.lag_us

    def _tell_stuck(self) -> None:
        names = ", ".join([type(chip).__name__ for chip in self.chips])
        raise RuntimeError(f"time stands still at {self.now_us} us, some deadline of {names}")

    def _fire(self, now_us: int) -> None:
        events = self._events
        while events and events[0].us <= now_us:
            call = events.pop(0).call
            if call is not None:
                call()
                if self.plant is not None:
                    self.plant.settle()
