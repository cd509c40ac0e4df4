"""Who may switch the demo's pack: the one who proves its key, by the firmware's own rules (`auth`)."""

import secrets
import time
from weakref import WeakSet

from auth import KEY_N, KeyLock, Session


class Gate:
    """The key of the simulated pack, what it has been asked wrongly, and every connection's proof."""

    def __init__(self, key: bytes | None = None, now_s=time.monotonic):
        self.lock = KeyLock(secrets.token_bytes(KEY_N) if key is None else key)
        self._now_s = now_s
        self._last_s = now_s()
        self._sessions = WeakSet()

    def session(self) -> Session:
        """A connection that has proved nothing yet."""
        session = Session(self.lock, secrets.token_bytes)
        self._sessions.add(session)
        return session

    def advance(self) -> None:
        """Real time passes, however fast the simulation runs."""
        ms = int((self._now_s() - self._last_s) * 1000)
        self._last_s += ms / 1000
        self.lock.advance(ms)
        for session in self._sessions:
            session.advance(ms)

    def shown(self) -> str:
        """The key as a person types it."""
        return self.lock.key.hex(" ", 4)
