"""Bits and times of the BQ769x2 that several parts of its model share."""

from micropython import const

NEVER = const(1 << 60)  # a deadline that does not come
SECOND_US = const(1000000)
QUARTER_US = const(250000)

# FET Status 0x7F and the model's own sets of FETs
CHG = const(1)
PCHG = const(2)
DSG = const(4)
PDSG = const(8)
CHARGE = const(3)  # CHG and PCHG
DISCHARGE = const(12)  # DSG and PDSG
ALL = const(15)

# Safety Alert/Status A
SCD = const(0x80)
OCD2 = const(0x40)
OCD1 = const(0x20)
OCC = const(0x10)
COV = const(0x08)
CUV = const(0x04)

# Safety Alert/Status B
OTF = const(0x80)
OTINT = const(0x40)
OTD = const(0x20)
OTC = const(0x10)
UTINT = const(0x04)
UTD = const(0x02)
UTC = const(0x01)

# Safety Alert/Status C
OCD3 = const(0x80)
HWDF = const(0x02)
UNMODELLED_C = const(0x7C)  # SCDL OCDL COVL PTO: latches this model does not have

# Alarm Status 0x62, Alarm Raw Status 0x64, Alarm Enable 0x66
SSBC = const(0x8000)
SSA = const(0x4000)
PF = const(0x2000)
MSK_SFALERT = const(0x1000)
INITSTART = const(0x0400)
INITCOMP = const(0x0200)
FULLSCAN = const(0x0080)
XCHG = const(0x0040)
XDSG = const(0x0020)
SHUTV = const(0x0010)
CB = const(0x0004)
ADSCAN = const(0x0002)
WAKE = const(0x0001)

# pin configuration registers: PIN_FXN and OPT0..OPT5
FXN_MASK = const(0x03)
FXN_NATIVE = const(2)
FXN_THERMISTOR = const(3)
OPT_PULLDOWN = const(0x04)
OPT_DRIVE_HIGH = const(0x08)
OPT_PULLUP = const(0x10)
OPT_BOTHOFF = const(0x40)
OPT_ACTIVE_LOW = const(0x80)

# states of the chip
OFF = const(0)  # SHUTDOWN or no supply: does not answer
BOOT = const(1)  # reset: does not answer yet
INIT = const(2)  # answers, has not measured yet
NORMAL = const(3)
SLEEP = const(4)
DEEPSLEEP = const(5)
CONFIG = const(6)  # CONFIG_UPDATE: FETs off, nothing measured, nothing protected
