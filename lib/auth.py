"""Who knows a key may command: challenge, answer and counted commands over a channel that all can hear.

The key never travels. Both ends draw a nonce, the client proves the key over both, the device proves it
back, and every command carries a counter that only rises and a proof over all of it. HMAC-SHA256
(RFC 2104, FIPS 180-4), cut to 16 bytes where it is sent (RFC 2104, 5). MicroPython has `sha256`, no `hmac`.

    lock = KeyLock(key)  # one a device: counts failures
    session = Session(lock, os.urandom)  # one a connection
    nonce = session.challenge(client_nonce)  # b"" = not now, see lock.wait_ms
    if session.prove(tag): ... session.proof() ... session.accept(counter, body, tag)
"""

import hashlib

from micropython import const

KEY_N = const(16)
NONCE_N = const(16)
CLIENT_NONCE_N = const(8)
TAG_N = const(16)

_BLOCK_N = const(64)
_CLIENT = b"cellwarden unlock"
_DEVICE = b"cellwarden pack"
_COMMAND = b"cellwarden do"

_FIRST_WAIT_MS = const(1000)  # after a failure, then twice as long each time
_DOUBLINGS = const(8)  # to four minutes: long for a guesser, not for ever for the owner
_CHALLENGE_MS = const(30_000)  # an unanswered challenge is void
_SESSION_MS = const(600_000)  # without a command


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """32 bytes; a key of up to 64."""
    block = key + bytes(_BLOCK_N - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in block]))
    inner.update(data)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in block]))
    outer.update(inner.digest())
    return outer.digest()


def same(ours: bytes, theirs: bytes) -> bool:
    """Equal? Takes as long wherever they differ."""
    if len(ours) != len(theirs):
        return False
    differ = 0
    for i in range(len(ours)):
        differ |= ours[i] ^ theirs[i]
    return differ == 0


class KeyLock:
    """The device's key, None = nobody can unlock it. Whoever fails makes everybody wait."""

    def __init__(self, key=None):
        self.key = key
        self.wait_ms = 0
        self.failures = 0

    def advance(self, ms: int) -> None:
        self.wait_ms = max(0, self.wait_ms - ms)

    def fail(self) -> None:
        """A wrong proof: the next try has to wait, twice as long as after the one before."""
        self.wait_ms = _FIRST_WAIT_MS << min(self.failures, _DOUBLINGS)
        self.failures = min(self.failures + 1, 0xFFFF)

    def forgive(self) -> None:
        """Somebody proved the key, or is at the device."""
        self.wait_ms = self.failures = 0


class Session:
    """One connection's proof. `random(n)`: n unpredictable bytes."""

    def __init__(self, lock: KeyLock, random):
        self._lock = lock
        self._random = random
        self.open = False
        self._nonce = b""
        self._counter = 0
        self._left_ms = 0

    def close(self) -> None:
        """Nothing is proved any more."""
        self.open = False
        self._nonce = b""
        self._counter = 0
        self._left_ms = 0

    def advance(self, ms: int) -> None:
        """Time passes: a challenge or a session that nobody uses ends."""
        self._left_ms -= ms
        if self._left_ms <= 0 and self._nonce:
            self.close()

    def challenge(self, client_nonce: bytes) -> bytes:
        """The device's nonce; what was proved before is void. b"": no key, a wrong form, or too soon."""
        self.close()
        lock = self._lock
        if lock.key is None or lock.wait_ms or len(client_nonce) != CLIENT_NONCE_N:
            return b""
        nonce = self._random(NONCE_N)
        self._nonce = nonce + client_nonce
        self._left_ms = _CHALLENGE_MS
        return nonce

    def prove(self, tag: bytes) -> bool:
        """The client's proof. There is one try for each challenge."""
        if not self._nonce or self.open or self._lock.wait_ms:
            self.close()
            return False
        if not same(self._tag(_CLIENT, b""), tag):
            self.close()
            self._lock.fail()
            return False
        self._lock.forgive()
        self.open = True
        self._left_ms = _SESSION_MS
        return True

    def proof(self) -> bytes:
        """The device's own: the client knows whom it talks to."""
        return self._tag(_DEVICE, b"")

    def is_old(self, counter: int) -> bool:
        """This or a later command has been accepted already."""
        return counter <= self._counter

    def accept(self, counter: int, body: bytes, tag: bytes) -> bool:
        """May this be done? `body` is all that the tag speaks for, its counter too."""
        if not self.open or self.is_old(counter):
            return False
        if not same(self._tag(_COMMAND, body), tag):
            self.close()
            self._lock.fail()
            return False
        self._counter = counter
        self._left_ms = _SESSION_MS
        return True

    def _tag(self, purpose: bytes, body: bytes) -> bytes:
        return hmac_sha256(self._lock.key or b"", purpose + self._nonce + body)[:TAG_N]
