"""The interrupt-driven cut-off: monitor ALERT edge -> off-pins, with nothing in between.

The off-pins are permissions: 1 lets the monitor close its FETs, 0 or a floating pin forces them open.
The interrupt only ever takes the permission away. Only the scan gives it back, after it has read the
cause, and only if no edge came since it began to look (`seen`). See docs/safety.md.
"""

from micropython import const

_HITS_MAX = const(0x3FFFFFFF)


class PinGate:
    """The off-pins where nothing but software drives them: one or two outputs, called with 0 or 1.

    A board with hardware that drops the pins by itself has a gate of its own with these methods.
    """

    def __init__(self, off_pins):
        self._chg_pin = off_pins[0]
        self._dsg_pin = off_pins[-1]
        self.close()

    def handler(self, trip):
        """What the interrupt calls. `trip(pin)`: the cut-off's part of it."""
        return trip

    def close(self) -> None:
        """Take the permission away; called from the interrupt too."""
        self._chg_pin(0)
        self._dsg_pin(0)

    def open(self, held: bool) -> bool:
        """Permit; False when the gate refused. `held`: although ALERT is asserted, see `Cutoff.release`."""
        self._chg_pin(1)
        self._dsg_pin(1)
        return True

    def stroke(self) -> bool:
        """Keep an open gate open; False when it has closed by itself. A scan with permission calls it."""
        return True


class Cutoff:
    """Owns the gate of the off-pins and the ALERT pin.

    `alert_pin`: input, low = asserted.
    `hard`: the port runs pin interrupts outside its scheduler (rp2); ESP32 does not.
    `rests_high`: the pin is high whenever no alarm is latched, so that a wire to ground shows.
    """

    def __init__(self, gate, alert_pin, falling: int, hard=True, rests_high=True):
        self._gate = gate
        self._alert_pin = alert_pin
        self._falling = falling
        self.hard = hard
        self._rests_high = rests_high
        self._isr = gate.handler(self.trip)  # bound once: binding allocates
        self.wake = None  # called from the interrupt, must not allocate
        self.hits = 0  # edges since start, wraps to 1
        self.lapses = 0  # times the permission went without an edge: strokes too late, or `lapse`
        self.tripped = False  # an edge came and the scan has not released since
        self.permits = False
        gate.close()

    def arm(self) -> None:
        """Attach the interrupt, again if need be: a handler that once raised is detached by the port."""
        if self.hard:
            self._alert_pin.irq(handler=self._isr, trigger=self._falling, hard=True)
        else:
            self._alert_pin.irq(handler=self._isr, trigger=self._falling)

    def trip(self, _pin=None) -> None:
        """Interrupt handler. No allocation, no bus, no scheduler."""
        self._gate.close()
        self.permits = False
        self.tripped = True
        hits = self.hits + 1
        self.hits = hits if hits < _HITS_MAX else 1
        if self.wake is not None:
            self.wake()

    def asserted(self) -> bool:
        """The monitor holds ALERT now, as far as the pin's level can tell."""
        return self._rests_high and not self._alert_pin()

    def block(self) -> None:
        """Take the permission away from the scan's side."""
        self._gate.close()
        self.permits = False

    def release(self, seen: int, held: bool = False) -> bool:
        """Permit the FETs unless an edge came after `hits` was `seen`; True when permitted.

        `held`: the monitor keeps ALERT asserted for a trip that the scan knows and that blocks its own FET.
        Checked after the gate was opened, so an edge at any moment ends with the pins at 0.
        """
        if self.hits != seen:
            return False
        self.tripped = False
        self.permits = True
        opened = self._gate.open(held)
        if self.hits != seen:
            self.block()
            self.tripped = True
            return False
        if not opened:
            self.block()
        return opened

    def stroke(self) -> None:
        """A scan has completed: tell the hardware dead-man, and hear whether it has acted."""
        if self.permits and not self._gate.stroke():
            if self.tripped:
                self.block()
            else:
                self.lapse()

    def lapse(self) -> None:
        """Take the permission away where no alarm will tell why."""
        self.block()
        self.lapses = min(self.lapses + 1, _HITS_MAX)
