"""An event loop in which waiting takes no time: when nobody has anything to do, the clock jumps.

Everything on a virtual link lives in one loop, so a time-out of three seconds passes in no time, and a run
is the same on a slow machine.
"""

import asyncio
import selectors

_LONGEST_S = 100_000.0


class _Jumps(selectors.DefaultSelector):
    """Never waits: what it should have waited is added to `skipped_s`."""

    skipped_s = 0.0

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout is not None and timeout > 0:
            self.skipped_s += timeout
            if self.skipped_s > _LONGEST_S:
                raise RuntimeError("somebody waits for what never comes")
        return found


class Loop(asyncio.SelectorEventLoop):
    """`run(coroutine)` in virtual time."""

    def __init__(self):
        self._jumps = _Jumps()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.skipped_s

    def run_in_executor(self, executor, function, *args):
        """At once, in this thread: time would run away from another one."""
        future = self.create_future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def run(coroutine):
    """As `asyncio.run`."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(coroutine)
