"""A gate behind a hardware dead-man: a retriggerable timer that wants a pulse from every scan.

    from strokegate import StrokedGate

    gate = StrokedGate(gate, Pin(9, Pin.OUT, value=0), Pin(15, Pin.IN))
    gate.open(False)
    gate.stroke()
The timer's output and the off-pins are ANDed in hardware: without strokes the pins' permission is worth nothing,
whatever they say. `gate`: what drives the pins, with the same methods.
"""


class StrokedGate:
    """`stroke`: output to the timer. `alive`: the timer's output, where the board brings it back."""

    def __init__(self, gate, stroke, alive=None):
        self._gate = gate
        self._stroke = stroke
        self._alive = alive

    def handler(self, trip):
        """What the interrupt calls."""
        return self._gate.handler(trip)

    def close(self) -> None:
        """Take the permission away; called from the interrupt too."""
        self._gate.close()

    def open(self, held: bool) -> bool:
        """Start the timer, then permit."""
        self._pulse()
        return self._gate.open(held)

    def stroke(self) -> bool:
        """Keep the timer running; False when it had stopped, and so had opened the FETs, or the gate had."""
        if self._alive is not None and not self._alive():
            return False
        self._pulse()
        return self._gate.stroke()

    def _pulse(self) -> None:
        self._stroke(1)
        self._stroke(0)
