"""An interrupt handler in machine code whose first act is one store to a register.

The store takes effect some 6 us after the edge, half of what a handler in bytecode needs (emulated
RP2040 at 125 MHz); the rest of the interrupt, in Python, comes after it.
"""

from array import array

import micropython


class OneStore:
    """`address`, `value`: the store, 32 bits. `then(pin)`: what follows. `isr`: the handler."""

    def __init__(self, address: int, value: int, then):
        self.what = array("I", (address, value))
        self.then = then
        self.isr = self.act  # bound once: binding allocates

    @micropython.viper
    def act(self, pin):
        what = ptr32(self.what)  # noqa: F821 known to viper alone
        register = ptr32(what[0])  # noqa: F821
        register[0] = what[1]
        self.then(pin)
