"""What keeps the black box from wearing its flash out: rations of writing, and many errors told as one."""

from micropython import const

_BURST_N = const(3)  # errors in one minute
_BURST_MS = const(60000)


class Ration:
    """Tokens to spend: `left` of at most `most`, one more each `each_ms`."""

    def __init__(self, left: int, most: int, each_ms: int):
        self.left = left
        self._most = most
        self._each_ms = each_ms
        self._ms = 0

    def earn(self, dt_ms: int) -> None:
        self._ms += dt_ms
        while self._ms >= self._each_ms:
            self._ms -= self._each_ms
            self.left = min(self.left + 1, self._most)

    def spend(self) -> None:
        self.left = max(0, self.left - 1)


class Burst:
    """Three errors within a minute begin a burst, a minute without one ends it."""

    def __init__(self, errors: int):
        self._errors = errors
        self._ms = 0  # since the first of a minute, in a burst since the last
        self._on = False
        self.n = 0  # errors of this minute or burst

    def step(self, errors: int, dt_ms: int) -> int:
        """`errors`: all so far -> 1 when a burst begins, -1 when it is over (`n` is still its), else 0."""
        self._ms += dt_ms
        if errors != self._errors:
            if not self.n or self._on:
                self._ms = 0
            self.n += errors - self._errors
            self._errors = errors
            if not self._on and self.n >= _BURST_N:
                self._on = True
                return 1
        elif self._ms >= _BURST_MS and self._on:
            self._on = False
            return -1
        elif self._ms >= _BURST_MS:
            self.n = 0
        return 0
