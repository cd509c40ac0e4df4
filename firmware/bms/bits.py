"""Modes, request bits and output bits: the words that policy modules share."""

from micropython import const

# modes of the pack
OFF = const(0)  # by request: measured and reported, both FETs off
SELFTEST = const(1)  # arming and verifying the monitor; the only way to the modes below
PRECHARGE = const(2)  # load capacitors fill through the resistor, or rest between two tries
RUN = const(3)
CHG_ONLY = const(4)
DSG_ONLY = const(5)
FAULT = const(6)  # faults block both
SLEEP = const(7)  # both FETs off, slow scan; a charger or a request wakes
SHUTDOWN = const(8)  # monitor told to power down; only hardware wakes it
MODE_N = const(9)

# requests: set by reporters and buttons, taken (and cleared) by the scan, may be refused
REQ_ON = const(1)
REQ_OFF = const(2)
REQ_SLEEP = const(4)
REQ_SHUTDOWN = const(8)
REQ_CLEAR = const(16)  # clear latched and locked rows that are over; acknowledge ACK rows
REQ_SELFTEST = const(32)  # arm and verify again

# outputs a board may have
OUT_HEATER = const(1)
OUT_FAN = const(2)
OUT_CHG_CONTACTOR = const(4)
OUT_DSG_CONTACTOR = const(8)
OUT_BUZZER = const(16)
OUT_LED_FAULT = const(32)
OUT_LED_RUN = const(64)
