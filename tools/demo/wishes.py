"""What a page may ask for over its WebSocket, and what it is answered.

The simulation is open to our own page; the simulated pack wants its key, like a real one. The other side
is tools/dashboard/js/link/demo_link.js.
"""

import json

from demo.problem import Problem

_WRONG = "that is not the key of this pack"


class Wishes:
    """One connection: `answer(text)` does what a message asks and returns what to send back."""

    def __init__(self, runner, gate):
        self._runner = runner
        self._gate = gate
        self._session = gate.session()
        self._verbs = {
            "challenge": ("challenge", self._challenge),
            "unlock": ("unlocked", self._unlock),
            "lock": ("locked", self._lock),
            "request": ("accepted", self._request),
            "window": ("window", self._window),
        }

    def answer(self, text: str) -> dict:
        """Never raises: a wish that is none is answered in words."""
        kind = None
        self._gate.advance()
        try:
            message = json.loads(text)
            verb = message.get("do") if isinstance(message, dict) else None
            if not isinstance(verb, str):
                raise Problem("not understood")
            if verb not in self._verbs:
                self._runner.command(message)
                return {"done": True}
            kind, do = self._verbs[verb]
            return {kind: do(message)}
        except (Problem, ValueError, RecursionError) as problem:
            return {"problem": str(problem), "to": kind}

    def _challenge(self, message) -> str:
        nonce = self._session.challenge(_bytes(message, "nonce"))
        if not nonce:
            wait_s = (self._gate.lock.wait_ms + 999) // 1000
            raise Problem(
                f"a wrong key was tried: wait {wait_s} s" if wait_s else "not understood"
            )
        return nonce.hex()

    def _unlock(self, message) -> str:
        """The pack proves its key, too."""
        if not self._session.prove(_bytes(message, "proof")):
            raise Problem(_WRONG)
        return self._session.proof().hex()

    def _lock(self, _message) -> bool:
        self._session.close()
        return True

    def _request(self, message) -> bool:
        name, counter = message.get("name"), message.get("counter")
        if not isinstance(name, str) or not isinstance(counter, int):
            raise Problem("not understood")
        if not self._session.open:
            raise Problem("locked: unlock with the key of this pack")
        if self._session.is_old(counter):
            raise Problem("a request that was here before")
        if not self._session.accept(
            counter, f"{counter} {name}".encode(), _bytes(message, "proof")
        ):
            raise Problem(_WRONG)
        self._runner.command(message)
        return True

    def _window(self, message) -> list:
        number = message.get("n")
        return self._runner.session.around.window(number if isinstance(number, int) else -1)


def _bytes(message, name: str) -> bytes:
    """Hexadecimal digits of a message; what is none is no bytes."""
    digits = message.get(name)
    try:
        return bytes.fromhex(digits) if isinstance(digits, str) else b""
    except ValueError:
        return b""
