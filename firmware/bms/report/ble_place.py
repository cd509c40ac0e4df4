"""A place for one connection: what must be there before anybody has said a word.

The interrupt turns FREE into NEW, the task does the rest. Who answers is `talk`, see `bms.report.ble_room`.
"""

from micropython import const

from bms.report.ble_inbox import Inbox

# states
FREE = const(0)
NEW = const(1)
OPEN = const(2)
CLOSING = const(3)

_NOBODY = const(-1)
_MTU_MIN = const(23)
_LOST_MAX = const(32)  # writes in a second without a place: who waits for answers stays far below
_CLOSING_MS = const(3000)  # a stack that does not tell the end of a link has forgotten it
_LONG_MS = const(0x0FFFFFFF)


class Place:
    """`talk`: `begin`, `end`, `advance`, `work`; None = nobody has written anything for a while."""

    def __init__(self, ble):
        self._ble = ble
        self.inbox = Inbox()
        self.state = FREE
        self.left = False  # says the interrupt: the central is gone
        self.conn = _NOBODY
        self.mtu = _MTU_MIN
        self.idle_ms = 0  # since the central last said anything
        self.since_ms = 0  # since the state changed
        self.talk = None

    def begin(self) -> None:
        """A central has come: nothing is left of the one before."""
        if self.talk is not None:
            self.talk.begin()
        self.idle_ms = self.since_ms = 0
        self.state = OPEN

    def free(self) -> None:
        """The central is gone; another may have the place."""
        if self.talk is not None:
            self.talk.end()
        self.inbox.clear()
        self.conn = _NOBODY
        self.mtu = _MTU_MIN
        self.left = False
        self.state = FREE  # last: from now on the interrupt may take the place

    def close(self) -> None:
        """Send the central away."""
        self.state = CLOSING
        self.since_ms = 0
        if not self._ble.gap_disconnect(self.conn):
            self.left = True

    def advance(self, ms: int) -> None:
        """Time passes."""
        self.idle_ms = min(self.idle_ms + ms, _LONG_MS)
        self.since_ms = min(self.since_ms + ms, _LONG_MS)
        if self.talk is not None:
            self.talk.advance(ms)
        if self.state == OPEN and self.inbox.lost_n > _LOST_MAX:
            self.close()
        if self.state == CLOSING and self.since_ms >= _CLOSING_MS:
            self.left = True

    def work(self) -> bool:
        """Some of what there is to do; is there more at once?"""
        return self.state == OPEN and self.talk is not None and self.talk.work()
