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
    "firmware/bms/report/ble_place.py": ("Place.hear",),
    "firmware/bms/tape.py": ("Tape.note", "Tape._note_readings", "Tape._note_decisions"),
    "lib/failure.py": ("Failure.tell", "Failure.keep"),
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

# Files that may hold native code, and why. MicroPython on some ports cannot load it: keep a twin.
NATIVE = {
    "lib/fast_native.py": "inner loops of a scan; `fast` has the plain twins",
    "boards/rp2/onestore.py": "first act of the interrupt; nothing to compute",
}
