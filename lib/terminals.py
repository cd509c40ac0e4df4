"""The pack's terminals, for monitors that do not see them: ADCs behind dividers, and two switches.

    from machine import ADC, Pin
    from terminals import Terminals

    terminals = Terminals(ADC(26), 82_500, Pin(9, Pin.OUT, value=0), Pin(15, Pin.OUT, value=0), ADC(27))
    print(terminals.read_mv(), "mV")

`full_mv` is the voltage at which either ADC reads its full scale. `pdsg` lets a load charge through a
resistor, `lift` pulls the terminal up weakly so that a load shows; `stack` measures the top of the stack,
which tells a broken outermost sense wire from a low cell. Each of these three may be missing.
"""


class Terminals:
    """Reads the voltage after the FETs, and before them. Allocates nothing."""

    def __init__(self, adc, full_mv: int, pdsg=None, lift=None, stack=None):
        if not 0 < full_mv <= 250000:  # 12 bits times it stay below 2^30
            raise ValueError(f"full_mv: {full_mv}, allowed 1..250000")
        self._adc = adc
        self._full_mv = full_mv
        self._pdsg = pdsg
        self._lift = lift
        self._stack = stack
        self.can_precharge = pdsg is not None
        self.sees_stack = stack is not None

    def read_mv(self) -> int:
        """Terminal voltage."""
        return self._mv(self._adc)

    def read_stack_mv(self) -> int:
        """Voltage of the whole stack."""
        return self._mv(self._stack)

    def _mv(self, adc) -> int:
        return (adc.read_u16() >> 4) * self._full_mv >> 12

    def pdsg(self, on: bool) -> None:
        """Let current to the load through the resistor."""
        if self._pdsg is not None:
            self._pdsg(1 if on else 0)

    def lift(self, on: bool) -> None:
        """Pull the terminal up weakly."""
        if self._lift is not None:
            self._lift(1 if on else 0)
