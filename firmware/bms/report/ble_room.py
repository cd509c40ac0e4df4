"""What is there only while somebody talks: the gate, the lock, and who answers at each place.

The code that answers is loaded a module at a time, with the scan in between, and only what this central
asks for: a phone app's JBD, or the service of our own. `forget` lets go of all of it.
"""

import sys

from micropython import const

from bms.forget import forget as let_go
from bms.report.ble_gate import JbdGate
from bms.report.ble_link import Link

_WINDOW_MS = const(60_000)  # that the button opens
_PACKAGE = "bms.report."
_OURS = (
    "ble_room ble_gate ble_link ble_module ble_native ble_tell ble_frame ble_key"
    " jbd_slave jbd_map jbd_change jbd_settings"
)
_LIBRARY = "jbd auth crc8"


def forget() -> None:
    """Let go of the code, unless a cable's channel shares it."""
    if _PACKAGE + "wire" not in sys.modules:
        for name in _OURS.split(" "):
            let_go(_PACKAGE + name)
        let_go(_LIBRARY)


class Room:
    """`radio`: the reporter, its places, handles and parts. `failures`: of those who guessed at the key."""

    def __init__(self, radio, failures: int):
        config = radio.pack.config
        self.radio = radio
        self.gate = JbdGate(config.ble_reads, config.ble_off)
        self.lock = None
        self._failures = failures
        for place in radio.links:
            place.talk = Link(place, self)

    def pressed(self) -> None:
        """Somebody is at the pack."""
        self.gate.open(_WINDOW_MS)
        self._failures = 0
        if self.lock is not None:
            self.lock.forgive()

    def advance(self, ms: int) -> None:
        """Time passes for everybody's gate and lock."""
        self.gate.advance(ms)
        if self.lock is not None:
            self.lock.advance(ms)

    def is_needed(self) -> bool:
        """A window is open, or somebody who guessed has to wait."""
        return self.gate.open_ms > 0 or (self.lock is not None and self.lock.wait_ms > 0)

    def close(self) -> int:
        """Nobody answers any more. Failures, to be handed to the next room."""
        for place in self.radio.links:
            place.talk = None
        if self.lock is None:
            return self._failures
        self.radio.locks.remove(self.lock)
        return self.lock.failures

    # in steps, one module each -----------------------------------------------------------------------

    def make_slave(self, link):
        """Somebody speaks JBD."""
        import jbd  # noqa: F401

        yield
        from bms.report import jbd_map  # noqa: F401

        yield
        from bms.report.jbd_slave import JbdSlave

        yield
        link.slave = JbdSlave(self.radio.pack, self.radio.on_config, self.gate)

    def make_module(self, link):
        """Somebody speaks to the module of a JBD board."""
        from bms.report.ble_module import Module

        yield
        link.module = Module(self.radio.random)

    def make_native(self, link):
        """Somebody speaks to the service of our own."""
        import auth  # noqa: F401

        yield
        from bms.report import ble_frame  # noqa: F401

        yield
        from bms.report import ble_tell  # noqa: F401

        yield
        from bms.report.ble_native import Native

        yield
        radio = self.radio
        if self.lock is None:
            from auth import KeyLock

            self.lock = KeyLock(radio.key() if radio.key is not None else None)
            self.lock.failures = self._failures
            radio.locks.append(self.lock)
        link.native = Native(radio.pack, self.gate, self.lock, radio.random)
