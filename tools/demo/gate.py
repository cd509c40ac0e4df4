"""Who may switch the demo's pack: the one who proves the key, message by message.

The other side is tools/dashboard/js/link/demo_link.js. A challenge is random and good for one try; each
request carries a proof of its own over its name and a number that only grows, so nothing heard on the
way is of any use. Wrong keys cost a wait that doubles.
"""

import hashlib
import hmac
import secrets
import time

from demo.problem import Problem

KEY_N = 16
_NONCE_N = 16
_FREE_TRIES = 3
_WAIT_S = 1.0
_WAIT_MAX_S = 300.0


class Lock:
    """The pack's key, and how often somebody guessed wrong; one for all connections."""

    def __init__(self, key: bytes | None = None, now_s=time.monotonic):
        self.key = secrets.token_bytes(KEY_N) if key is None else key
        self._now_s = now_s
        self._wrong_n = 0
        self._free_s = 0.0

    def check(self, proof, *parts: bytes) -> None:
        """`Problem` unless this is the HMAC of the parts."""
        wait_s = self._free_s - self._now_s()
        if wait_s > 0:
            raise Problem(f"too many wrong keys: wait {wait_s:.0f} s")
        right = hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest()
        if isinstance(proof, str) and proof.isascii() and hmac.compare_digest(proof, right):
            self._wrong_n = 0
            return
        self._wrong_n += 1
        if self._wrong_n >= _FREE_TRIES:
            self._free_s = self._now_s() + min(
                _WAIT_S * 2 ** (self._wrong_n - _FREE_TRIES), _WAIT_MAX_S
            )
        raise Problem("that is not the key of this pack")

    def shown(self) -> str:
        """The key as a person types it."""
        digits = self.key.hex()
        return " ".join(digits[i : i + 8] for i in range(0, len(digits), 8))


class Gate:
    """One connection: locked until its challenge is answered."""

    def __init__(self, lock: Lock):
        self._lock = lock
        self._nonce = None
        self._open = False
        self._counter = 0

    def challenge(self) -> str:
        """A new one; the one before is worth nothing any more."""
        self._nonce = secrets.token_bytes(_NONCE_N)
        self._open = False
        return self._nonce.hex()

    def unlock(self, answer) -> None:
        """Open with the answer to the challenge."""
        nonce, self._nonce = self._nonce, None
        if nonce is None:
            raise Problem("ask for a challenge first")
        self._lock.check(answer, b"cellwarden unlock", nonce)
        self._nonce = nonce
        self._open = True
        self._counter = 0

    def close(self) -> None:
        """Lock again."""
        self._nonce = None
        self._open = False

    def pass_on(self, name, counter, proof) -> None:
        """`Problem` unless the request is proved and newer than the last."""
        if not self._open:
            raise Problem("locked: unlock with the key of this pack")
        if not isinstance(counter, int) or isinstance(counter, bool) or counter <= self._counter:
            raise Problem("a request that was here before")
        self._lock.check(proof, f"cellwarden {name} {counter}".encode(), self._nonce)
        self._counter = counter
