"""What a pack's values are called in the JBD protocol: protection bits and counters.

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

KELVIN_0 = const(2731)
