"""A few status lines on the console after start, for whoever has just installed the firmware.

A console that nobody reads makes MicroPython wait, half a second a write. So the lines are few and
short: all of them together fit the USB buffer of 256 bytes, and then it falls silent for ever.
"""

import asyncio

from micropython import const

from bms.pack import HOLD_COMMISSION

LINE_N = const(4)
_FIRST_MS = const(1000)  # each pause is twice the one before
_LONG_MS = const(0x0FFFFFFF)
_MODES = (
    "off",
    "selftest",
    "precharge",
    "run",
    "chg only",
    "dsg only",
    "fault",
    "sleep",
    "shutdown",
)


class Console:
    """`out`: an object with `write(text)`, as `sys.stdout`. `name`: the board's."""

    def __init__(self, out, name: str, pack):
        self._out = out
        self._name = name
        self._pack = pack
        self._left = LINE_N

    async def run(self) -> None:
        """The lines, then nothing any more."""
        pause_ms = _FIRST_MS
        while self._left:
            await asyncio.sleep_ms(pause_ms)
            pause_ms *= 2
            self._left -= 1
            self._out.write(self.line())
        while True:
            await asyncio.sleep_ms(_LONG_MS)

    def line(self) -> str:
        """Board, mode, state of charge, faults that block or warn."""
        pack = self._pack
        states = pack.protect.state
        fault_n = 0
        for i in range(len(states)):
            fault_n += 1 if states[i] else 0
        mode = _MODES[pack.mode.mode]
        if pack.held & HOLD_COMMISSION:
            mode = "not commissioned"
        elif pack.held:
            mode = "settings held"
        return f"cellwarden {self._name} {mode} {pack.soc.soc_pm // 10}% {fault_n} faults\n"
