"""Wires between chips and the microcontroller, and the `machine.Pin` at one end of them.

A `Line` is one wire; everything connected to it holds an `End`. Strong drives win over pulls, an
external pull over internal ones, and of two strong drives low wins (open-drain wiring) while a true
fight between 0 and 1 is counted. With nobody driving or pulling, the wire keeps its charge.
Watchers are called at once on every edge, also from inside `world.advance`: they may set pins and
flags and nothing else.
"""

HIGH_Z = None


class End:
    """One connection to a line: what it drives (0, 1 or None) and how it pulls (-1, 0, +1)."""

    def __init__(self, line, name: str):
        self.line = line
        self.name = name
        self.out = HIGH_Z
        self.pull = 0

    def drive(self, level) -> None:
        """Drive 0 or 1, or let go with None."""
        if level is not self.out:
            self.out = level
            self.line.resolve()

    def set_pull(self, pull: int) -> None:
        """Pull down (-1), not at all (0) or up (+1), weakly."""
        if pull != self.pull:
            self.pull = pull
            self.line.resolve()

    def value(self) -> int:
        """Level of the wire."""
        return self.line.level


class Line:
    """One wire. `pull` is an external resistor: -1 to ground, +1 to the rail, 0 none."""

    def __init__(self, name: str = "", pull: int = 0, level: int = 0):
        self.name = name
        self.pull = pull
        self.level = 1 if pull > 0 else level
        self.fights = 0  # times a 0 met a 1
        self._ends = []
        self._watchers = []

    def end(self, name: str = "") -> End:
        """A new connection."""
        end = End(self, name)
        self._ends.append(end)
        return end

    def watch(self, function) -> None:
        """Call `function(level)` on every edge."""
        self._watchers.append(function)

    def resolve(self) -> None:
        """Work out the level and tell the watchers when it changed."""
        level = self._resolved()
        if level != self.level:
            self.level = level
            for watcher in self._watchers:
                watcher(level)

    def _resolved(self) -> int:
        lows = highs = pull = 0
        for end in self._ends:
            if end.out is not HIGH_Z:
                if end.out:
                    highs += 1
                else:
                    lows += 1
            elif end.pull:
                pull = end.pull if not pull or end.pull < 0 else pull
        if lows or highs:
            if lows and highs:
                self.fights += 1
            return 0 if lows else 1
        if self.pull:
            pull = self.pull
        return self.level if not pull else 1 if pull > 0 else 0


class FakePin:
    """The surface of `machine.Pin` on one end of a line."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, line, mode: int = -1, pull: int = -1, value=None):
        self.line = line
        self._end = line.end("mcu")
        self._mode = self.IN
        self._latch = 0  # output register
        self._lent = False  # another block of the microcontroller drives the wire
        self._handler = None
        self._trigger = 0
        self._flags = 0
        line.watch(self._edge)
        self.init(mode, pull, value)

    def init(self, mode: int = -1, pull: int = -1, value=None, drive=0, alt=-1) -> None:
        """As `machine.Pin.init`: the value is in place before the output is."""
        if value is not None:
            self._latch = 1 if value else 0
        if pull is None or pull >= 0:
            ups = {self.PULL_UP: 1, self.PULL_DOWN: -1}
            self._end.set_pull(0 if pull is None else ups.get(pull, 0))
        if mode is not None and mode >= 0:
            self._mode = mode
        self._output()

    def lend(self) -> None:
        """PIO or the like drives the wire from now on; the output register does nothing."""
        self._lent = True
        self._output()

    def _output(self) -> None:
        if self._lent or self._mode == self.IN or (self._mode == self.OPEN_DRAIN and self._latch):
            self._end.drive(HIGH_Z)
        else:
            self._end.drive(self._latch)

    def value(self, level=None):
        """Read the wire, or set the output register."""
        if level is None:
            return self.line.level
        self._latch = 1 if level else 0
        self._output()

    def __call__(self, level=None):
        return self.value(level)

    def on(self) -> None:
        self.value(1)

    def off(self) -> None:
        self.value(0)

    high = on
    low = off

    def toggle(self) -> None:
        self.value(1 - self._latch)

    def mode(self) -> int:
        return self._mode

    def irq(self, handler=None, trigger=12, priority=1, wake=None, hard=False):
        """Attach a handler; it is called with the pin on every edge of `trigger`."""
        self._handler = handler
        self._trigger = trigger
        self.hard = hard
        return self

    def flags(self) -> int:
        """Edges that caused the last interrupt."""
        return self._flags

    def trigger(self) -> int:
        return self._trigger if self._handler is not None else 0

    def _edge(self, level: int) -> None:
        edge = self.IRQ_RISING if level else self.IRQ_FALLING
        if self._handler is None or not self._trigger & edge:
            return
        self._flags = edge
        self._handler(self)

    def release(self) -> None:
        """What a reset of the microcontroller does: input, no pull, no interrupt."""
        self._handler = None
        self._latch = 0
        self._lent = False
        self._mode = self.IN
        self._end.set_pull(0)
        self._end.drive(HIGH_Z)


class PinBank:
    """All the pins of one microcontroller, by number or name; lines are made when first asked for."""

    def __init__(self):
        self._lines = {}
        self._pins = []

    def connect(self, name, line) -> None:
        """Say which wire a pin is soldered to."""
        self._lines[name] = line

    def line(self, name) -> Line:
        """The wire at a pin."""
        if name not in self._lines:
            self._lines[name] = Line(str(name))
        return self._lines[name]

    def adopt(self, pin) -> None:
        """Remember a pin, so that a reset lets go of it."""
        self._pins.append(pin)

    def pin(self, name, mode: int = -1, pull: int = -1, value=None) -> FakePin:
        """A pin on the wire of that name."""
        pin = FakePin(self.line(name), mode, pull, value)
        self.adopt(pin)
        return pin

    def release(self) -> None:
        """The microcontroller died or reset: every pin floats."""
        for pin in self._pins:
            pin.release()
