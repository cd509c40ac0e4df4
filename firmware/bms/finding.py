"""What a step of commissioning comes to when something is wrong. Never forgotten: there is one such class."""


class Finding(Exception):
    """A step found this: a word, which cell or sensor (-1 = none), and a number to go with it."""

    def __init__(self, what: str, which: int = -1, value: int = 0):
        super().__init__(what)
        self.what = what
        self.which = which
        self.value = value
