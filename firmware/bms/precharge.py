"""Precharge: how long and how often the resistor between pack and load may carry current. Pure.

A try lasts precharge_ms of current in sum, however often faults interrupt it; only precharge_wait_ms
without current ends its rest and begins the next. Leaving the mode does not cheat the resistor, nor
does a person's REQ_CLEAR, which gives the tries back and no more.
"""


class Precharge:
    """Tries and rests. `step` once a scan, before the mode machine decides."""

    def __init__(self, config):
        self.tries = 0  # failed since one succeeded or a person cleared
        self.failed = False  # tries used up; ends when the fault row has taken it over
        self._try_ms = config.precharge_ms
        self._wait_ms = config.precharge_wait_ms
        self._try_n = config.precharge_n
        self._warm_ms = 0  # current so far
        self._cool_ms = 0  # no current for so long
        self._resting = False

    def step(self, on: bool, done: bool, blocked: bool, clear: bool, dt_ms: int) -> bool:
        """Account for `dt_ms` just passed -> True when the resistor must rest now.

        `on`: it was permitted meanwhile; `done`: the discharge FET has closed; `blocked`: discharge is
        blocked, so the latched fault row has seen `failed` by now; `clear`: a person asks.
        """
        if clear:
            self.tries = 0
        if clear or blocked:
            self.failed = False
        if not on:
            self._cool(dt_ms)
        elif done:
            self.tries = 0
            self._warm_ms = 0
            self._cool_ms = 0
        else:
            self._warm(dt_ms)
        return self._resting or self.tries >= self._try_n

    def _cool(self, dt_ms: int) -> None:
        self._cool_ms = min(self._cool_ms + dt_ms, self._wait_ms)
        if self._cool_ms >= self._wait_ms:
            self._resting = False
            self._warm_ms = 0

    def _warm(self, dt_ms: int) -> None:
        self._cool_ms = 0
        self._warm_ms += dt_ms
        if self._warm_ms >= self._try_ms:
            self._resting = True
            self.tries += 1
            self.failed = self.tries >= self._try_n
