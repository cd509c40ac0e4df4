"""`rp2` for the size rig: programs as large as MicroPython's assembler makes them, machines that do nothing."""

from array import array


class PIO:
    OUT_LOW = 2


def asm_pio(set_init=None):
    def made(_function):
        return [array("H", range(6)), -1, -1, -1, 20480, 0, None, set_init, None]

    return made


class StateMachine:
    def __init__(self, id, program=None, freq=-1, in_base=None, jmp_pin=None, set_base=None):
        pass

    def active(self, value=None):
        pass

    def exec(self, word):
        pass

    def restart(self):
        pass

    def put(self, value):
        pass

    def tx_fifo(self):
        return 0


class Flash:
    def ioctl(self, _op, _arg):
        return 352
