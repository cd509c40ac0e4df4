"""A Raspberry Pi Pico in software that runs the real MicroPython, wired to the simulated pack.

The processor is PyPI's rp2040py; what it lacks for our purpose is mended in `usb`, `uart` and `wires`.
Its timing is cycle-approximate: no flash cache, no cost of a flash erase. World time is its time.
"""
