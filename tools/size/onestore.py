"""Stands for native code, which the size rig's machine does not load; the file's own size is counted."""


class OneStore:
    def __init__(self, address, value, then):
        self.isr = then
