"""Thermistor 103AT (10 kohm at 25 degC) below a 10 kohm resistor to VREF2: codes to 0.1 degC.

Knots every 5 K of the Steinhart-Hart curve through the maker's points at -20, 25 and 70 degC; between them
a line, within 0.2 K from -50 to 110 degC. Open and shorted sensors run into the table's ends.
"""

from interp import interpolate

_FULL = 30000  # codes of VREF2 that the table is made for; 30000 * 30000 < 2^30
# fmt: off
_CODE = (
    1350, 1505, 1680, 1879, 2106, 2363, 2655, 2988, 3367, 3798, 4286, 4840, 5466, 6171, 6961, 7842, 8817,
    9886, 11048, 12296, 13619, 15000, 16418, 17849, 19266, 20640, 21947, 23165, 24276, 25270, 26142,
    26894, 27530, 28059, 28493, 28844, 29123,
)
_DDEGC = (
    1300, 1250, 1200, 1150, 1100, 1050, 1000, 950, 900, 850, 800, 750, 700, 650, 600, 550, 500,
    450, 400, 350, 300, 250, 200, 150, 100, 50, 0, -50, -100, -150, -200,
    -250, -300, -350, -400, -450, -500,
)
# fmt: on


def ddegc(code: int, vref2: int) -> int:
    """Temperature of a thermistor input of `code` while VREF2 reads `vref2`."""
    if code >= vref2:
        return _DDEGC[-1]
    return interpolate(min(code, _FULL) * _FULL // vref2, _CODE, _DDEGC)
