"""Runs on the emulated Pico beside the firmware's reporters: pins ask it to be a nuisance."""

import asyncio
import time

from machine import Pin

_LOOK_MS = 20
_STRETCH_MS = 150  # the loop stands still so long at a time


class Trouble:
    def __init__(self, scan):
        self._scan = scan
        self._asked = [Pin(n, Pin.IN, Pin.PULL_DOWN) for n in (16, 17, 18, 19)]
        self._at_it = Pin(20, Pin.OUT, value=0)

    async def run(self):
        acts = (self.floats, self.flood, self.hang, self.spoil)
        while True:
            await asyncio.sleep_ms(_LOOK_MS)
            for pin, act in zip(self._asked, acts):
                if pin():
                    self._at_it(1)
                    act()
                    self._at_it(0)

    def floats(self):
        """Arithmetic that keeps the garbage collector busy."""
        end_ms = time.ticks_add(time.ticks_ms(), _STRETCH_MS)
        x = 1.5
        while time.ticks_diff(end_ms, time.ticks_ms()) > 0:
            x = [x * 1.0001, x][0]

    def flood(self):
        end_ms = time.ticks_add(time.ticks_ms(), _STRETCH_MS)
        while time.ticks_diff(end_ms, time.ticks_ms()) > 0:
            print("all work and no play " * 3)

    def hang(self):
        while True:
            time.sleep_ms(10)

    def spoil(self):
        """The next scan raises."""
        self._scan.tick = None
