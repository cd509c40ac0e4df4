"""Integer piecewise-linear interpolation over a table of knots. Allocates nothing.

Knots are two sequences of the same length, `xs` strictly ascending. Beyond its ends a table stays at
its end values. Between knots the result is rounded down, and is monotone wherever `ys` is.
"""

from micropython import const

_PRODUCT_MAX = const(0x3FFFFFFF)  # largest small integer of a 32-bit MicroPython


def interpolate(x: int, xs, ys) -> int:
    """Value of the table at `x`. Run `check` on the table once: it bounds the product made here."""
    last = len(xs) - 1
    if x <= xs[0]:
        return ys[0]
    if x >= xs[last]:
        return ys[last]
    i = 1
    while x >= xs[i]:
        i += 1
    x0 = xs[i - 1]
    y0 = ys[i - 1]
    return y0 + (x - x0) * (ys[i] - y0) // (xs[i] - x0)


def check(xs, ys) -> None:
    """Raise `ValueError` for a table that cannot be interpolated within small integers."""
    if len(xs) != len(ys) or len(xs) == 0:
        raise ValueError("interp: as many x as y, at least one")
    for i in range(1, len(xs)):
        if xs[i] <= xs[i - 1]:
            raise ValueError("interp: x must ascend")
        if (xs[i] - xs[i - 1]) * abs(ys[i] - ys[i - 1]) > _PRODUCT_MAX:
            raise ValueError("interp: step too large for small integers")
