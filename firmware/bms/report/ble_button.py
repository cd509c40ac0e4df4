"""The button at the pack, by which somebody there lets others write for a while."""

from micropython import const

_PRESS_MS = const(1000)
_PRESS_MAX_MS = const(10_000)
_NEVER = const(-1)  # not yet seen released


class Button:
    """`pressed()`: the button at the pack. A press of some seconds counts when it ends; a jumper that was
    there from the start, or stays, is no press.
    """

    def __init__(self, pressed):
        self._pressed = pressed
        self._held_ms = _NEVER

    def advance(self, ms: int) -> bool:
        """Has somebody just pressed it?"""
        if self._pressed():
            if self._held_ms >= 0:
                self._held_ms = min(self._held_ms + ms, _PRESS_MAX_MS)
            return False
        was_ms = self._held_ms
        self._held_ms = 0
        return _PRESS_MS <= was_ms < _PRESS_MAX_MS
