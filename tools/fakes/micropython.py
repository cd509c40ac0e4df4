"""What firmware sources import from `micropython`, for CPython."""


def const(value):
    return value


def native(function):
    return function


def viper(function):
    return function


def heap_lock():
    return 1


def heap_unlock():
    return 0


def alloc_emergency_exception_buf(size):
    pass


def schedule(function, arg):
    function(arg)
