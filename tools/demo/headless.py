"""The whole run without anybody watching: as fast as the machine can, or paced."""

import signal
import sys
import time

_STEPS = 64  # between two looks at the clock: some milliseconds
_SHOW_S = 0.5


class Progress:
    """One line on a terminal, rewritten; elsewhere a line every tenth of the way."""

    def __init__(self, session, end_us: int, out=None):
        self._session = session
        self._end_us = end_us
        self._out = out or sys.stderr
        self._tty = self._out.isatty()
        self._began_s = time.monotonic()
        self._next_s = self._began_s + _SHOW_S
        self._tenth = 1

    def show(self) -> None:
        """Tell how far it is, if it is time to."""
        now_s = time.monotonic()
        part = min(1.0, self._session.sim.world.now_us / self._end_us)
        if self._tty and now_s >= self._next_s:
            self._next_s = now_s + _SHOW_S
            self._out.write(f"\r{self._words(part, now_s)} ")
            self._out.flush()
        elif not self._tty and part * 10 >= self._tenth:
            self._tenth = int(part * 10) + 1
            self._out.write(self._words(part, now_s) + "\n")

    def end(self) -> None:
        """Leave the terminal on a fresh line."""
        if self._tty:
            self._out.write("\r\x1b[K")

    def _words(self, part: float, now_s: float) -> str:
        simulated_s = self._session.now_s
        speedup = simulated_s / max(now_s - self._began_s, 1e-3)
        minutes = int(simulated_s // 60)
        clock = f"{minutes // 60}:{minutes % 60:02d} h"
        trips = self._session.trip_n
        return f"{part:4.0%}  {clock} simulated, {speedup:.0f}x real time, {trips} trips"


class Stop:
    """Ctrl-C as a flag: the step under way is finished, the summary is still told."""

    def __init__(self):
        self.asked = False

    def __enter__(self):
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, *_) -> None:
        self.asked = True


def run(session, end_us: int, speed=None, progress=None) -> bool:
    """Step to the end; False when somebody stopped it. `speed`: times real time, None = unbounded."""
    world = session.sim.world
    began_s = time.monotonic()
    began_us = world.now_us
    with Stop() as stop:
        while world.now_us < end_us and not stop.asked:
            for _ in range(_STEPS if speed is None else 1):
                session.step()
                if world.now_us >= end_us:
                    break
            if progress is not None:
                progress.show()
            if speed is not None:
                ahead_s = (world.now_us - began_us) / 1e6 / speed - (time.monotonic() - began_s)
                time.sleep(max(0.0, ahead_s))
        return not stop.asked
