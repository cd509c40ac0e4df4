"""Which files are held to more than the common dialect, and which may do what others may not, and why."""

ALL = "*"  # every function of the file but those of a start: `__init__` and `load`

# of buses and monitors: all of it runs inside a scan
DRIVERS = (
    "lib/bq769x0.py",
    "lib/bq769x0_frame.py",
    "lib/bq769x0_temps.py",
    "lib/bq769x2.py",
    "lib/bq769x2_fets.py",
    "lib/bq769x2_spi.py",
    "lib/bq769x2_sub.py",
    "lib/bq769x2_verify.py",
    "lib/ina22x.py",
    "lib/isl94202.py",
    "lib/isl94202_burst.py",
    "lib/isl94202_fets.py",
    "lib/ltc681x.py",
    "lib/ltc681x_check.py",
    "lib/ltc681x_link.py",
    "lib/ltc681x_read.py",
    "lib/regbus.py",
)

# Functions that run inside a scan, or in an interrupt: they must not allocate. One row a file.
HOT = {
    "firmware/bms/cutoff.py": ALL,
    "firmware/bms/scan.py": ALL,
    "firmware/bms/sense.py": ALL,
    "firmware/bms/act.py": ALL,
    "firmware/bms/report/ble.py": (
        "BleReporter._irq",
        "BleReporter._written",
        "BleReporter._come",
        "BleReporter._of",
    ),
    "firmware/bms/report/ble_inbox.py": ("Inbox.put",),
    "firmware/bms/tape.py": ("Tape.note", "Tape._note_readings", "Tape._note_decisions"),
    "lib/failure.py": ("Failure.tell", "Failure.keep", "Failure.say"),
}
HOT.update((path, ALL) for path in DRIVERS)

# Files in lib/ and firmware/ that may use floats, and why.
FLOATS = {
    "lib/bq769x2_memory.py": "the chip keeps two gains as IEEE floats; packed once, when it is armed",
}

# Files that may catch everything, and why.
CATCH_ALL = {
    "firmware/bms/app.py": "a stranger's bug in a reporter must not take the scan with it",
}

# Files with tuples of constants that hold integers of more than 14 bits, and why. Frozen into an image each is a long
# integer, and so is what is computed from it, on the heap that a scan does not have.
LONG = {
    "firmware/bms/fields.py": "`Config` makes small ones of them",
    "firmware/bms/keep.py": "saved in slack time",
    "firmware/bms/soc_knots.py": "`Curve` makes arrays of them",
    "firmware/bms/report/ble_table.py": "names of services, for a start",
    "lib/bq769x0_trips.py": "codes are worked out when a configuration is loaded",
    "lib/bq769x2_memory.py": "the image is worked out when a configuration is loaded",
    "lib/bq769x2_parts.py": "compared only, and bits of a board's wiring",
    "lib/ntc.py": "arrays are made of them",
    "lib/ina22x_parts.py": "times of a conversion, when a configuration is loaded",
}

# Files that may hold native code, and why. MicroPython on some ports cannot load it: keep a twin.
NATIVE = {
    "lib/fast_native.py": "inner loops of a scan; `fast` has the plain twins",
    "boards/rp2/onestore.py": "first act of the interrupt; nothing to compute",
}
