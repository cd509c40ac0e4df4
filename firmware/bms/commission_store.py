"""What commissioning has found so far, in two checked copies, and whether the FETs are held for it.

One JSON object: "wiring" (what a result is true for), "passed" (step -> figures), "state" and, when
somebody waived it, "who". Damaged, missing, or of another wiring: the pack counts as never commissioned.
"""

import json

from micropython import const

from abstore import ABStore, FileSlot

_LAYOUT = const(1)
STEPS = (
    "part",
    "cells",
    "bleed",
    "order",
    "ntcs",
    "fets",
    "pins",
    "current",
    "trips",
    "watchdog",
    "key",
)
OPEN = "open"
PASSED = "passed"
WAIVED = "waived"
REPORT = "commissioning.json"  # the same for a person to read; nothing reads it here
PATHS = ("commission.a", "commission.b")


class CommissionStore:
    """`load()` once at start, then `held` says whether FETs stay off."""

    def __init__(self, config, board: str, slots=None, report: str = ""):
        if slots is None:
            slots = (FileSlot(PATHS[0]), FileSlot(PATHS[1]))
        self._store = ABStore(slots, _LAYOUT)
        self._path = report
        self._wiring = wiring(config, board)
        self.passed = {}
        self.state = OPEN
        self.who = ""
        self.date = ""

    def load(self) -> None:
        data = self._store.load()
        if data is None:
            return
        try:
            found = json.loads(data)
            if found["wiring"] != self._wiring or type(found["passed"]) is not dict:
                return
            self.state = found["state"]
            self.who = found["who"]
            self.date = found["date"]
            for name in STEPS:
                if name in found["passed"]:
                    self.passed[name] = found["passed"][name]
        except (ValueError, KeyError, TypeError):
            self.state = OPEN
            self.passed.clear()
        if self.state == PASSED and len(self.passed) < len(STEPS):
            self.state = OPEN  # a newer firmware asks for more

    def held(self) -> bool:
        return self.state not in (PASSED, WAIVED)

    def report(self) -> dict:
        """All of it, as it is stored."""
        return {
            "wiring": self._wiring,
            "state": self.state,
            "who": self.who,
            "date": self.date,
            "passed": self.passed,
        }

    def save(self) -> None:
        """Store what has passed. `OSError`: it is known until power goes."""
        text = json.dumps(self.report())
        self._store.save(text.encode())
        if self._path:
            try:
                with open(self._path, "w") as file:
                    file.write(text)
            except OSError:  # what counts is stored, and this is written anew with the next step
                pass

    def done(self) -> None:
        self._become(PASSED, self.who)

    def waive(self, who: str) -> None:
        self._become(WAIVED, who)

    def doubt(self) -> None:
        """Somebody checks it again: held until he is done, whatever was passed or waived."""
        self._become(OPEN, "")

    def _become(self, state: str, who: str) -> None:
        """All of it, or what it was."""
        before = self.state, self.who
        self.state = state
        self.who = who
        try:
            self.save()
        except OSError:
            self.state, self.who = before
            raise

    def forget(self) -> None:
        """Commission it again from the beginning."""
        self.passed.clear()
        self.state = OPEN
        self.save()


def wiring(config, board: str) -> list:
    """What a commissioning is true for: the board, and how many of what hang on it."""
    return [board, config.cell_n, config.ntc_n, config.shunt_uohm]
