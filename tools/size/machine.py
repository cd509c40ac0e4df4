"""`machine` for the size rig: the objects a board asks for, as small as a port has them, and no chip."""


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    IRQ_FALLING = 4

    def __init__(self, id, mode=-1, pull=-1, value=None):
        pass

    def __call__(self, level=None):
        return 1

    def irq(self, handler=None, trigger=0, hard=False):
        pass


class I2C:
    """Nobody answers."""

    def __init__(self, id, scl=None, sda=None, freq=400000, timeout=50000):
        pass

    def writeto(self, addr, buf, stop=True):
        raise OSError(5)

    def readfrom_mem_into(self, addr, reg, buf):
        raise OSError(5)

    def readfrom_into(self, addr, buf, stop=True):
        raise OSError(5)


class UART:
    def __init__(self, id, baudrate=9600, tx=None, rx=None, rxbuf=0, txbuf=0):
        self._rx = bytearray(rxbuf)
        self._tx = bytearray(txbuf)

    def any(self):
        return 0

    def write(self, data):
        pass


class WDT:
    def __init__(self, timeout=0):
        pass

    def feed(self):
        pass


def reset():
    pass


def reset_cause():
    return 1
