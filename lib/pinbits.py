"""Output pins that follow the bits of one word.

from machine import Pin
from pinbits import PinBits

outputs = PinBits(((1, Pin(10, Pin.OUT, value=0)), (2, Pin(11, Pin.OUT, value=0))))
outputs.write(3)
"""


class PinBits:
    """`rows`: one (bit, pin) an output; the pin is called with 0 or 1. Allocates only here."""

    def __init__(self, rows):
        self._bits = [bit for bit, _ in rows]
        self._pins = [pin for _, pin in rows]

    def write(self, bits: int) -> None:
        """Drive every pin: 1 where its bit is set, else 0. Bits that have no pin are ignored."""
        for i in range(len(self._pins)):
            self._pins[i](1 if bits & self._bits[i] else 0)
