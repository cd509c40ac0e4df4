"""What failed on a bus, kept without allocation: the words are put together when somebody reads them.

    failure = Failure("bq769x2")
    try:
        failure.tell(0x14, "crc")
    except OSError as error:
        print(error.args[1])  # bq769x2 0x14: crc

A scan runs with MicroPython's heap locked, where a text cannot be made but an `OSError` can: it lies in the
emergency buffer then (`micropython.alloc_emergency_exception_buf(100)`, once). The next failure of the same
chip takes the place of this one, and the next error that of its `OSError`: who wants to tell it later `keep`s it.
"""

import errno

WORD = 0x10000  # added to `where`: a command of 16 bits, not a register


class Failure:
    """The last failure of one chip, or of a chain of `device_n`. `digits`: of a register's name."""

    def __init__(self, name: str, digits: int = 2, device_n: int = 0):
        self.name = name
        self._digits = digits
        self._device_n = device_n
        self._where = 0
        self._device = 0
        self._why = "nothing"
        self._a: object = 0
        self._b: object = 0
        self._c: object = 0

    def tell(
        self,
        where: int,
        why: str,
        number=errno.EIO,
        a: object = 0,
        b: object = 0,
        c: object = 0,
        device=0,
    ) -> None:
        """Raise `OSError(number, self)`. `why` has places for a, b, c as in `str.format`; device 1 is nearest."""
        self._where = where
        self._why = why
        self._a = a
        self._b = b
        self._c = c
        self._device = device
        raise OSError(number, self)

    def keep(self, error) -> None:
        """Become what this `OSError` tells."""
        told = error.args[-1] if error.args else 0
        if not isinstance(told, Failure):  # a stranger's
            self.say("bus", 0, "{}", told)
            return
        self.name = told.name
        self._digits = told._digits
        self._device_n = told._device_n
        self._where = told._where
        self._why = told._why
        self._a = told._a
        self._b = told._b
        self._c = told._c
        self._device = told._device

    def say(self, name: str, where: int, why: str, a: object) -> None:
        """Become this, and raise nothing."""
        self.name = name
        self._where = where
        self._device = 0
        self._why = why
        self._a = a

    def __repr__(self):
        where = self._where
        digits = 4 if where >= WORD else self._digits
        text = "%s 0x%0*x: " % (self.name, digits, where & ~WORD)
        if self._device:
            text += f"device {self._device} of {self._device_n}: "
        return text + self._why.format(self._a, self._b, self._c)
