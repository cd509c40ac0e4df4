"""What may be asked in JBD's words by somebody who only has a radio.

JBD knows no secret worth the name, so over the air its writes are refused (81) unless a window is open:
who proved the key opened it, or pressed the button at the pack. What changes nothing passes, reads unless
they are closed, too.
"""

from micropython import const

from roles import CHG, DSG

_LEAVE_FACTORY = const(0x01)  # with 0000: keeps nothing
_PASSWORDS = b"\x06\x07\x09"  # acknowledged, never compared, never kept
_LOCK_FETS = const(0xE1)
_LOCK_ONE = const(0xFB)


class JbdGate:
    """One for all links. `may_switch_off`: anybody may lock FETs off, and nobody may release them."""

    def __init__(self, may_read: bool, may_switch_off: bool):
        self._may_read = may_read
        self._may_switch_off = may_switch_off
        self.open_ms = 0

    def open(self, ms: int) -> None:
        """Let writes pass for this long; 0 closes."""
        self.open_ms = ms

    def may_read(self) -> bool:
        return self._may_read or self.open_ms > 0

    def advance(self, ms: int) -> None:
        self.open_ms = max(0, self.open_ms - ms)

    def allows(self, requests, locked: int) -> bool:
        """May this request be answered? `locked`: FETs that are locked off already."""
        register = requests.register
        if not requests.writes:
            return self.may_read()
        if self.open_ms or register in _PASSWORDS:
            return True
        if register == _LEAVE_FACTORY and not (requests.n and requests.word()):
            return True
        if not self._may_switch_off or requests.n != 2:
            return False
        if register == _LOCK_FETS:
            wish = requests.word()
            fets = (CHG if wish & 1 else 0) | (DSG if wish & 2 else 0)
            return wish <= 3 and fets & locked == locked
        return register == _LOCK_ONE and requests.data[1] == 1
