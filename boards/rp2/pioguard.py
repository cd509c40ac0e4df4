# pyright: reportUndefinedVariable=false, reportCallIssue=false, reportArgumentType=false
"""The off-pins in the hands of PIO: hardware drops them, whatever the interpreter does.

State machine 0 watches ALERT: low, and both pins are low within 5 system clocks (2 of them the input's
synchroniser, RP2040 data sheet 3.5.6.3). It permits again only at the scan's word, and only while ALERT is
high or the scan knows the trip that holds it low. State machine 1 is the dead-man: no stroke for the set
time, and it drops the same pins. Neither needs the processor, memory or an interrupt; a flash erase does
not stop them.

Instructions: RP2040 data sheet 3.4. Both state machines write the pins with SET; the last one wins, and
only state machine 0 ever writes ones.
"""

import rp2
from micropython import const

from onestore import OneStore

_PINS_OFF = const(0xE000)  # set(pins, 0), encoded
_DROP = const(0x8080)  # pull(noblock)
_DEPTH = const(4)  # words in a FIFO
_SM0_INSTR = const(0x502000D8)  # PIO0: executed at once, running or not; the same on RP2350
_DEADMAN_HZ = const(4000)  # three instructions a count
_FIFO_N = const(3)  # unread strokes that say nobody reads them


@rp2.asm_pio(set_init=(rp2.PIO.OUT_LOW, rp2.PIO.OUT_LOW))
def watch_alert():
    wrap_target()
    label("off")
    set(pins, 0)
    pull(block)  # the scan's permission: 1 when it knows why ALERT is asserted, else 0
    mov(x, osr)
    jmp(pin, "watch")
    jmp(not_x, "off")
    set(pins, 3)
    wait(1, pin, 0)  # until that has ended there is no edge to see
    label("watch")
    set(pins, 3)
    wait(0, pin, 0)
    wrap()


@rp2.asm_pio(set_init=(rp2.PIO.OUT_LOW, rp2.PIO.OUT_LOW))
def deadman():
    wrap_target()
    set(pins, 0)
    pull(block)
    mov(x, osr)
    label("count")
    pull(noblock)  # a new count when there is one, else x
    mov(x, osr)
    jmp(x_dec, "count")
    wrap()


class PioGate:
    """A gate for `Cutoff`. `off_pins`: two outputs, the second on the next GP number; `alert`: an input.

    `deadman_ms`: so long an open gate stays open without a stroke, +-1 ms.
    """

    def __init__(self, off_pins, alert, deadman_ms: int):
        self._chg_pin, self._dsg_pin = off_pins
        self._count = deadman_ms * _DEADMAN_HZ // 3000 - 1
        base = self._chg_pin
        self._watch = rp2.StateMachine(0, watch_alert, in_base=alert, jmp_pin=alert, set_base=base)
        self._deadman = rp2.StateMachine(1, deadman, freq=_DEADMAN_HZ, set_base=base)
        self._watch.active(1)
        self._deadman.active(1)

    def handler(self, trip):
        """The interrupt drops the pins too, should the state machines have been stopped."""
        return OneStore(_SM0_INSTR, _PINS_OFF, trip).isr

    def close(self) -> None:
        """Pins low now, and the watcher back to waiting for a permission, older ones forgotten."""
        watch = self._watch
        watch.exec(_PINS_OFF)
        watch.active(0)
        for _ in range(_DEPTH):
            watch.exec(_DROP)
        watch.restart()
        watch.active(1)

    def open(self, held: bool) -> bool:
        """Permit; False when ALERT is asserted (but `held`), or nobody takes the word."""
        if self._watch.tx_fifo() or not self._wind():
            return False
        self._watch.put(1 if held else 0)
        return self._is_open()

    def stroke(self) -> bool:
        """Wind the dead-man up again; False when the pins are low."""
        return self._wind() and self._is_open()

    def _wind(self) -> bool:
        if self._deadman.tx_fifo() >= _FIFO_N:  # `put` would wait for ever
            return False
        self._deadman.put(self._count)
        return True

    def _is_open(self) -> bool:
        return bool(self._chg_pin() and self._dsg_pin())
