"""What a pack's values are called in the JBD protocol: protection bits, counters, settings registers.

Registers and units: JBD register map (github.com/FurTrader/OverkillSolarBMS, Comm_Protocol_Documentation).
"""

from micropython import const

# bit of the protection word: rows of the fault table that set it
BITS = (
    ("cov", "cov_lock", "chip_cov"),
    ("cuv", "dead", "chip_cuv"),
    ("pov",),
    ("puv",),
    ("otc",),
    ("utc",),
    ("otd", "otf", "otint"),
    ("utd",),
    ("occ1", "occ2", "chip_occ", "occ_mean"),
    ("ocd1", "ocd2", "chip_ocd", "ocd_mean", "precharge"),
    ("scd",),
    # 11: the monitor, its wires, its data
    ("hwd", "pf", "ntc", "mismatch", "openwire", "stale", "late", "reset", "cfgbad", "cutoff", "imbal"),
    ("interlock",),  # 12: switched off on purpose
    ("weld_chg", "fet"),
    ("weld_dsg", "fet"),
)  # fmt: skip
BIT_AFE = const(11)
BIT_LOCKED = const(12)

# the counters of 0xAA, as bits of the protection word; the last is restarts
COUNTERS = (10, 8, 9, 0, 1, 4, 5, 6, 7, 2, 3)

# how a register's number is made from a field
PLAIN = const(0)
TENTH = const(1)  # of 10 mV, 10 mA, 10 mAh
KELVIN = const(2)  # 0.1 degC -> 0.1 K
STACK = const(3)  # mV of a cell -> 10 mV of the stack
MINUS = const(4)  # mA -> negative 10 mA
PAIR = const(5)  # two delays in whole seconds, high and low byte
HUNDREDTH = const(6)  # uohm -> 0.1 mohm, or 0.01 mohm with the top bit set

# register, rule, field, second field of a pair
SETTINGS = (
    (0x10, TENTH, "capacity_mah", None),
    (0x11, TENTH, "capacity_mah", None),
    (0x12, PLAIN, "full_mv", None),
    (0x13, PLAIN, "empty_mv", None),
    (0x18, KELVIN, "otc_ddegc", None),
    (0x19, KELVIN, "otc_clear_ddegc", None),
    (0x1A, KELVIN, "utc_ddegc", None),
    (0x1B, KELVIN, "utc_clear_ddegc", None),
    (0x1C, KELVIN, "otd_ddegc", None),
    (0x1D, KELVIN, "otd_clear_ddegc", None),
    (0x1E, KELVIN, "utd_ddegc", None),
    (0x1F, KELVIN, "utd_clear_ddegc", None),
    (0x20, STACK, "pov_cell_mv", None),
    (0x21, STACK, "pov_clear_mv", None),
    (0x22, STACK, "puv_cell_mv", None),
    (0x23, STACK, "puv_clear_mv", None),
    (0x24, PLAIN, "cov_mv", None),
    (0x25, PLAIN, "cov_clear_mv", None),
    (0x26, PLAIN, "cuv_mv", None),
    (0x27, PLAIN, "cuv_clear_mv", None),
    (0x28, TENTH, "occ1_ma", None),
    (0x29, MINUS, "ocd1_ma", None),
    (0x2A, PLAIN, "bal_start_mv", None),
    (0x2B, PLAIN, "bal_on_mv", None),
    (0x2C, HUNDREDTH, "shunt_uohm", None),
    (0x2F, PLAIN, "cell_n", None),
    (0x36, PLAIN, "chip_cov_mv", None),
    (0x37, PLAIN, "chip_cuv_mv", None),
    (0x3A, PAIR, "temp_ms", "temp_ms"),
    (0x3B, PAIR, "temp_ms", "temp_ms"),
    (0x3C, PAIR, "pack_ms", "pack_ms"),
    (0x3D, PAIR, "cuv_ms", "cov_ms"),
    (0x3E, PAIR, "occ1_ms", "oc_hold_ms"),
    (0x3F, PAIR, "ocd1_ms", "oc_hold_ms"),
)
# Settable through JBD while unlocked: those of one field whose number goes both ways.
_BOTH_WAYS = (PLAIN, TENTH, KELVIN, MINUS)
_FIXED = ("cell_n",)  # wiring

KELVIN_0 = const(2731)
_TEN_UOHM = const(0x8000)


def setting(register: int):
    """The row of a settings register, or None."""
    for row in SETTINGS:
        if row[0] == register:
            return row
    return None


def encode(row, config) -> int:
    """A setting as JBD writes it, 0..65535."""
    _, rule, name, other = row
    value = getattr(config, name)
    if rule == TENTH:
        value = value // 10
    elif rule == MINUS:
        return -min(value // 10, 0x8000) & 0xFFFF
    elif rule == KELVIN:
        value += KELVIN_0
    elif rule == STACK:
        value = value * config.cell_n // 10
    elif rule == PAIR:
        value = _seconds(value) << 8 | _seconds(getattr(config, other))
    elif rule == HUNDREDTH:
        value = value // 100 if value % 100 == 0 else _TEN_UOHM | value // 10
    return min(value, 0x7FFF if rule == TENTH and name == "occ1_ma" else 0xFFFF)


def decode(row, word: int):
    """(field, value) that a written register means, or None when it is not to be set this way."""
    _, rule, name, _ = row
    if rule not in _BOTH_WAYS or name in _FIXED:
        return None
    if rule == TENTH:
        return name, word * 10
    if rule == KELVIN:
        return name, word - KELVIN_0
    if rule == MINUS:
        return name, (0x10000 - word) % 0x10000 * 10
    return name, word


def _seconds(ms: int) -> int:
    return min((ms + 500) // 1000, 0xFF)
