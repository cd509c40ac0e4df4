"""What a page may ask for over its WebSocket, and what it is answered.

The simulation is open to our own page; the simulated pack itself wants its key, like a real one.
"""

import json

from demo.problem import Problem


class Wishes:
    """One connection: `answer(text)` does what a message asks and returns what to send back."""

    def __init__(self, runner, gate):
        self._runner = runner
        self._gate = gate
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

    def _challenge(self, _message) -> str:
        return self._gate.challenge()

    def _unlock(self, message) -> bool:
        self._gate.unlock(message.get("answer"))
        return True

    def _lock(self, _message) -> bool:
        self._gate.close()
        return True

    def _request(self, message) -> bool:
        self._gate.pass_on(message.get("name"), message.get("counter"), message.get("proof"))
        self._runner.command(message)
        return True

    def _window(self, message) -> list:
        number = message.get("n")
        return self._runner.session.around.window(number if isinstance(number, int) else -1)
