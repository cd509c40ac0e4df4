"""Small logic between a monitor's outputs and the MOSFETs: an AND of wires, and a dead-man."""

from sim.pins import Line


class And:
    """Calls `act(bool)` with the AND of some lines whenever it changes, and once at first."""

    def __init__(self, lines, act):
        self._lines = lines
        self._act = act
        self._on = False
        for line in lines:
            line.watch(self._edge)
        act(False)
        self._edge(0)

    def _edge(self, _level: int) -> None:
        on = True
        for line in self._lines:
            on = on and bool(line.level)
        if on != self._on:
            self._on = on
            self._act(on)


class DeadMan:
    """A retriggerable monostable: its output is high for `us` after the last edge of its input."""

    def __init__(self, world, stroke, us: int = 2000000):
        self.out = Line("ALIVE", pull=-1)
        self._end = self.out.end("dead-man")
        self._world = world
        self._us = us
        self._event = None
        self._end.drive(0)
        stroke.watch(self._edge)

    def _edge(self, _level: int) -> None:
        if self._event is not None:
            self._event.cancel()
        self._event = self._world.after(self._us, self._lapse)
        self._end.drive(1)

    def _lapse(self) -> None:
        self._event = None
        self._end.drive(0)
