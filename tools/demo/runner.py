"""Runs a session at a multiple of real time, in slices short enough that pages and keys stay alive."""

import asyncio
import time
from collections import deque

from bms import bits
from demo.around import point
from demo.life import SOURCES, Life
from demo.problem import Problem
from sim.mischief import find

_SLICE_S = 0.03  # of computing before others may have their turn
_PAUSE_S = 0.01
_POINT_S = 0.25
_POINTS = 480  # two minutes of watching
_RATE_POINTS = 8
_SPEED_MAX = 1e6
_MOMENTARY = ("brown_out",)  # over as soon as it has happened
_REQUESTS = {"clear": bits.REQ_CLEAR, "on": bits.REQ_ON, "off": bits.REQ_OFF}


class Runner:
    """Owns time: `speed` times real time (None = as fast as it goes) until `end_us` or `stop`."""

    def __init__(self, session, speed, end_us=None):
        self.session = session
        self.life = Life(session)
        self.speeds = [1, 10, 30, 100, 300, None]
        self.speed = speed
        self.speedup = 0.0
        self.end_us = end_us
        self.done = False
        self.active = set()  # mischief that is on
        self.history = deque(maxlen=_POINTS)
        self.jbd_path = None
        self.polls = []  # called after every slice
        self._rates = deque(maxlen=_RATE_POINTS)
        self._resets = 0
        self._point_s = 0.0
        self._anchor()

    # what people may ask --------------------------------------------------------------------------

    def command(self, message) -> None:
        """One wish from a page: `{"do": ..., "name": ..., "on": ...}`; `Problem` when it is none."""
        message = message if isinstance(message, dict) else {}
        verb, name = message.get("do"), message.get("name")
        if isinstance(name, (list, dict)):
            raise Problem("not understood")
        if verb == "mischief":
            self.toggle(name, message.get("on") is True)
        elif verb == "source":
            self._choose(name)
        elif verb == "speed":
            self._set_speed(name)
        elif verb == "request":
            self._request(name)
        else:
            raise Problem("not understood")

    def toggle(self, name, on: bool) -> None:
        """Begin or end some mischief."""
        try:
            mischief = find(name)
        except LookupError as error:
            raise Problem(str(error)) from None
        if on == (name in self.active):
            return
        if on:
            mischief.apply(self.session.sim)
        else:
            mischief.clear(self.session.sim)
        if on and name not in _MOMENTARY:
            self.active.add(name)
        else:
            self.active.discard(name)

    def _choose(self, name) -> None:
        if name not in SOURCES:
            raise Problem(f"no source {name!r}")
        self.life.choose(name)

    def _set_speed(self, speed) -> None:
        number = isinstance(speed, (int, float)) and not isinstance(speed, bool)
        if speed is not None and not (number and 0 < speed <= _SPEED_MAX):
            raise Problem("speed is a number above 0 or null")
        self.speed = speed
        self._rates.clear()
        self._anchor()

    def _request(self, name) -> None:
        if name not in _REQUESTS:
            raise Problem(f"no request {name!r}")
        self.session.pack.request(_REQUESTS[name])

    # time -------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End after this slice."""
        self.done = True

    def progress(self):
        """Part of the way to the end, None when there is no end."""
        if self.end_us is None:
            return None
        return round(min(1.0, self.session.sim.world.now_us / self.end_us), 4)

    async def run(self) -> None:
        """Until the end, or until somebody stops it."""
        self._anchor()
        while not self.done:
            self.slice()
            for poll in self.polls:
                poll()
            await asyncio.sleep(_PAUSE_S if self.speed is not None else 0)

    def slice(self, budget_s: float = _SLICE_S) -> None:
        """As many scans as are due, but no longer than the budget."""
        world = self.session.sim.world
        now_s = time.monotonic()
        target_us = self._target_us(now_s)
        while world.now_us < target_us and time.monotonic() - now_s < budget_s:
            self.session.step()
            self.life.step()
        if world.now_us < target_us and self.speed is not None:
            self._anchor()  # this machine is not fast enough: do not try to catch up
        if self.end_us is not None and world.now_us >= self.end_us:
            self.done = True
        if self.session.resets != self._resets:  # the restarted interpreter is not frozen any more
            self._resets = self.session.resets
            self.active.discard("frozen_interpreter")
        if now_s - self._point_s >= _POINT_S:
            self._point_s = now_s
            self.add_point()
            self._find_speedup(now_s)

    def add_point(self) -> None:
        """A point of the history, once something was measured."""
        if self.session.pack.snap.stack_mv:
            self.history.append(point(self.session))

    def _target_us(self, now_s: float) -> float:
        end_us = float("inf") if self.end_us is None else self.end_us
        if self.speed is None:
            return end_us
        return min(end_us, self._anchor_us + (now_s - self._anchor_s) * self.speed * 1e6)

    def _anchor(self) -> None:
        """Count real time from here."""
        self._anchor_s = time.monotonic()
        self._anchor_us = self.session.sim.world.now_us

    def _find_speedup(self, now_s: float) -> None:
        """How fast it went lately."""
        t_s = self.session.now_s
        self._rates.append((now_s, t_s))
        first_s, first_t_s = self._rates[0]
        if now_s > first_s:
            self.speedup = round((t_s - first_t_s) / (now_s - first_s), 1)
