"""What firmware sources import from `micropython`, for CPython."""


def const(value):
    return value


def native(function):
    return function


def viper(function):
    """Runs it as it is; `ptr32` reaches the registers of the fake `machine`."""
    function.__globals__.setdefault("ptr32", _ptr32)
    return function


class _Register:
    def __init__(self, address: int):
        self._address = address

    def __setitem__(self, index: int, word: int) -> None:
        import machine

        machine.bench.registers[self._address + 4 * index](word)


def _ptr32(where):
    return _Register(where) if isinstance(where, int) else where


def heap_lock():
    return 1


def heap_unlock():
    return 0


def alloc_emergency_exception_buf(size):
    pass


def schedule(function, arg):
    function(arg)
