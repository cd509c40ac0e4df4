"""Off-pins behind a hardware dead-man: a retriggerable timer that wants a pulse from every scan.

    from machine import Pin
    from strokegate import StrokedGate

    permits = (Pin(7, Pin.OUT, value=0), Pin(8, Pin.OUT, value=0))
    gate = StrokedGate(permits, Pin(9, Pin.OUT, value=0), Pin(15, Pin.IN))
    gate.open()
    gate.stroke()
The timer's output and the pins are ANDed in hardware: without strokes the pins' permission is worth nothing,
whatever they say. `alive`: the timer's output, where the board brings it back.
"""


class StrokedGate:
    """The gate that the cut-off drives; the timer runs only while it is open."""

    def __init__(self, off_pins, stroke, alive=None):
        self._chg_pin = off_pins[0]
        self._dsg_pin = off_pins[-1]
        self._stroke = stroke
        self._alive = alive
        self.close()

    def handler(self, trip):
        """What the interrupt calls: the cut-off's part of it is all there is."""
        return trip

    def close(self) -> None:
        """Take the permission away; called from the interrupt too."""
        self._chg_pin(0)
        self._dsg_pin(0)

    def open(self) -> bool:
        """Start the timer, then permit."""
        self._pulse()
        self._chg_pin(1)
        self._dsg_pin(1)
        return True

    def stroke(self) -> bool:
        """Keep the timer running; False when it had stopped, and so had opened the FETs."""
        if self._alive is not None and not self._alive():
            return False
        self._pulse()
        return True

    def _pulse(self) -> None:
        self._stroke(1)
        self._stroke(0)
