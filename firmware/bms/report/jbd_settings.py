"""The settings registers of the JBD protocol, for who asks for them: in factory mode, and nowhere else.

Registers and units: JBD register map (github.com/FurTrader/OverkillSolarBMS, Comm_Protocol_Documentation).
"""

from micropython import const

# how a register's number is made from a field
_PLAIN = const(0)
_TENTH = const(1)  # of 10 mV, 10 mA, 10 mAh
_KELVIN = const(2)  # 0.1 degC -> 0.1 K
_STACK = const(3)  # mV of a cell -> 10 mV of the stack
_MINUS = const(4)  # mA -> negative 10 mA
_PAIR = const(5)  # two delays in whole seconds, high and low byte
_HUNDREDTH = const(6)  # uohm -> 0.1 mohm, or 0.01 mohm with the top bit set

# register, rule, field, second field of a pair
_SETTINGS = (
    (0x10, _TENTH, "capacity_mah", None),
    (0x11, _TENTH, "capacity_mah", None),
    (0x12, _PLAIN, "full_mv", None),
    (0x13, _PLAIN, "empty_mv", None),
    (0x18, _KELVIN, "otc_ddegc", None),
    (0x19, _KELVIN, "otc_clear_ddegc", None),
    (0x1A, _KELVIN, "utc_ddegc", None),
    (0x1B, _KELVIN, "utc_clear_ddegc", None),
    (0x1C, _KELVIN, "otd_ddegc", None),
    (0x1D, _KELVIN, "otd_clear_ddegc", None),
    (0x1E, _KELVIN, "utd_ddegc", None),
    (0x1F, _KELVIN, "utd_clear_ddegc", None),
    (0x20, _STACK, "pov_cell_mv", None),
    (0x21, _STACK, "pov_clear_mv", None),
    (0x22, _STACK, "puv_cell_mv", None),
    (0x23, _STACK, "puv_clear_mv", None),
    (0x24, _PLAIN, "cov_mv", None),
    (0x25, _PLAIN, "cov_clear_mv", None),
    (0x26, _PLAIN, "cuv_mv", None),
    (0x27, _PLAIN, "cuv_clear_mv", None),
    (0x28, _TENTH, "occ1_ma", None),
    (0x29, _MINUS, "ocd1_ma", None),
    (0x2A, _PLAIN, "bal_start_mv", None),
    (0x2B, _PLAIN, "bal_on_mv", None),
    (0x2C, _HUNDREDTH, "shunt_uohm", None),
    (0x2F, _PLAIN, "cell_n", None),
    (0x36, _PLAIN, "chip_cov_mv", None),
    (0x37, _PLAIN, "chip_cuv_mv", None),
    (0x3A, _PAIR, "temp_ms", "temp_ms"),
    (0x3B, _PAIR, "temp_ms", "temp_ms"),
    (0x3C, _PAIR, "pack_ms", "pack_ms"),
    (0x3D, _PAIR, "cuv_ms", "cov_ms"),
    (0x3E, _PAIR, "occ1_ms", "oc_hold_ms"),
    (0x3F, _PAIR, "ocd1_ms", "oc_hold_ms"),
)
# Settable through JBD while unlocked: those of one field whose number goes both ways.
_BOTH_WAYS = (_PLAIN, _TENTH, _KELVIN, _MINUS)
_FIXED = ("cell_n",)  # wiring

_KELVIN_0 = const(2731)
_TEN_UOHM = const(0x8000)


def setting(register: int):
    """The row of a settings register, or None."""
    for row in _SETTINGS:
        if row[0] == register:
            return row
    return None


def encode(row, config) -> int:
    """A setting as JBD writes it, 0..65535."""
    _, rule, name, other = row
    value = getattr(config, name)
    if rule == _TENTH:
        value = value // 10
    elif rule == _MINUS:
        return -min(value // 10, 0x8000) & 0xFFFF
    elif rule == _KELVIN:
        value += _KELVIN_0
    elif rule == _STACK:
        value = value * config.cell_n // 10
    elif rule == _PAIR:
        value = _seconds(value) << 8 | _seconds(getattr(config, other))
    elif rule == _HUNDREDTH:
        value = value // 100 if value % 100 == 0 else _TEN_UOHM | value // 10
    return min(value, 0x7FFF if rule == _TENTH and name == "occ1_ma" else 0xFFFF)


def decode(row, word: int):
    """(field, value) that a written register means, or None when it is not to be set this way."""
    _, rule, name, _ = row
    if rule not in _BOTH_WAYS or name in _FIXED:
        return None
    if rule == _TENTH:
        return name, word * 10
    if rule == _KELVIN:
        return name, word - _KELVIN_0
    if rule == _MINUS:
        return name, (0x10000 - word) % 0x10000 * 10
    return name, word


def _seconds(ms: int) -> int:
    return min((ms + 500) // 1000, 0xFF)
