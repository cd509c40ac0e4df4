"""What centrals wrote, from the interrupt to the task: whole writes in order, a few at most.

One side only puts, the other only takes, so neither waits for the other: an entry is there once `_last`
has moved, and its place is free once `_first` has.
"""

from micropython import const

_PLACES = const(8)  # seven writes wait; nobody who waits for answers has more than one under way


class Inbox:
    """`put` in the interrupt, `take` in the task."""

    def __init__(self):
        self._writes = [b""] * _PLACES
        self._handles = [0] * _PLACES
        self._first = 0
        self._last = 0
        self.handle = 0  # of the write that `take` gave
        self.lost_n = 0  # whoever looks at it counts from 0 again

    def put(self, handle: int, data) -> None:
        """Keep a write, or lose it when the task does not follow: as a module's buffer would."""
        i = self._last
        after = (i + 1) % _PLACES
        if after == self._first:
            self.lost_n = min(self.lost_n + 1, 0xFFFF)
            return
        self._writes[i] = data
        self._handles[i] = handle
        self._last = after

    def waits(self) -> bool:
        """Has anything come?"""
        return self._first != self._last

    def take(self):
        """The next write, or None."""
        i = self._first
        if i == self._last:
            return None
        data = self._writes[i]
        self.handle = self._handles[i]
        self._writes[i] = b""
        self._first = (i + 1) % _PLACES
        return data

    def clear(self) -> None:
        """Forget what has not been taken, and who wrote it. Only while nobody puts."""
        self.lost_n = 0
        while self.take() is not None:
            pass
