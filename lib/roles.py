"""The words that chip drivers and the firmware share: bit names and the roles a chip can fill.

A board hands the firmware one object per role; one chip object may fill several. Every `read_*` and
`write_*` is one bounded bus access (or takes from the burst that the role before it made) and raises
`OSError` naming the register when the bus or a checksum fails. None allocates. Roles:

cells   `read_cells(cell_mv)`    fills an array('i'), one entry per configured cell, 0 = most negative
        after it: `stack_mv` (sum side), `pack_mv` (terminals after the FETs), `ld_mv` (load side), ints
shunt   `read_current()`         -> pack_ma, positive = charging
temps   `read_temps(temp_ddegc)` fills an array('i') of cell NTCs in 0.1 degC (`TEMP_NONE` = no reading);
        after it: `fet_ddegc`, `die_ddegc` (`TEMP_NONE` where the board has none)
switch  `read_fets()`            -> FET bits that really conduct, as the chip reports them
        `write_fets(bits)`       permit exactly these FETs; reads state before it toggles anything
        `detect_load(on)`        start or stop looking for a load with the FETs off
        `sleep(on)`, `shutdown()`
bleed   `write_bleed(mask)`      bit i = cell i bleeds; must be repeated within `bleed_refresh_ms`
guard   `probe()`                who is there; raises `OSError` naming what was found for a wrong part
        `load(config)`           translate the configuration; raises `ValueError` for what the chip cannot hold
        `applied`                dict: field name -> value the chip really holds after rounding; empty
                                 when `load` took `config.image`
        `image()`                bytes (optional): what `load` made; as `config.image`, for the same
                                 settings and wiring, it spares the next `load` the work
        `covers`                 TRIP_* bits the monitor can raise by itself; the rest is left to the fault rows
        `arm()`                  write the whole configuration, FETs off meanwhile
        `verify_all()`           read all of it back -> number of registers that differ
        `verify_step()`          one bounded slice of the same, for ever -> STEP_* below
        `mismatch`               address of the last register that differed, 0 = none
        `read_status()`          -> TRIP_* bits the chip holds now; after it: `flags` (FLAG_*)
alert   `read_alarm()`           -> latched alarm word (chip's own bits)
        `clear_alarm(bits)`      write-1-to-clear exactly what was read
"""

from micropython import const

# FETs, as permission (intent) and as fact (actual). Same order as the BQ769x2 FET Status register.
CHG = const(1)
PCHG = const(2)
DSG = const(4)
PDSG = const(8)
BOTH = const(5)

TEMP_NONE = const(-32768)  # "no reading": never a temperature

# What a monitor's own comparators can say, in one word for all families (TI names).
TRIP_CUV = const(1 << 0)
TRIP_COV = const(1 << 1)
TRIP_OCC = const(1 << 2)
TRIP_OCD1 = const(1 << 3)
TRIP_OCD2 = const(1 << 4)
TRIP_SCD = const(1 << 5)
TRIP_OTC = const(1 << 6)
TRIP_OTD = const(1 << 7)
TRIP_UTC = const(1 << 8)
TRIP_UTD = const(1 << 9)
TRIP_OTF = const(1 << 10)
TRIP_OTINT = const(1 << 11)
TRIP_HWD = const(1 << 12)  # host watchdog ran out
TRIP_PF = const(1 << 13)  # permanent failure declared by the chip
TRIP_OVRD = const(1 << 14)  # somebody outside holds the FETs off by the monitor's override input

# State of the monitor itself.
FLAG_RESET = const(1 << 0)  # configuration lost (power-on reset seen): arm again
FLAG_CONFIG = const(1 << 1)  # in configuration mode: not protecting
FLAG_SLEEP = const(1 << 2)  # measuring slowly
FLAG_SEALED = const(1 << 3)  # refuses configuration writes
FLAG_SHUTDOWN = const(1 << 4)  # about to power down

# What one verification step found.
STEP_BUSY = const(0)  # more to do
STEP_PASS = const(1)  # a whole pass over the configuration has just ended without a difference
STEP_DIFFERS = const(2)  # `mismatch` holds the register
