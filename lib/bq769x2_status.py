"""What a BQ769x2's registers say, in the words and units of `roles.py`. Pure."""

from micropython import const

from roles import (
    FLAG_CONFIG,
    FLAG_RESET,
    FLAG_SEALED,
    FLAG_SHUTDOWN,
    FLAG_SLEEP,
    TEMP_NONE,
    TRIP_COV,
    TRIP_CUV,
    TRIP_HWD,
    TRIP_OCC,
    TRIP_OCD1,
    TRIP_OCD2,
    TRIP_OTC,
    TRIP_OTD,
    TRIP_OTF,
    TRIP_OTINT,
    TRIP_SCD,
    TRIP_UTC,
    TRIP_UTD,
)

# Three numbers a trip (a tuple each would take three times the heap): offset from Safety Status A, bit,
# meaning. Latches and OCD3 are not enabled; were they, they count too.
# fmt: off
_TRIPS = (
    0, 0x80, TRIP_SCD,
    0, 0x40, TRIP_OCD2,
    0, 0x20, TRIP_OCD1,
    0, 0x10, TRIP_OCC,
    0, 0x08, TRIP_COV,
    0, 0x04, TRIP_CUV,
    2, 0x80, TRIP_OTF,
    2, 0x40, TRIP_OTINT,
    2, 0x20, TRIP_OTD,
    2, 0x10, TRIP_OTC,
    2, 0x02, TRIP_UTD,
    2, 0x01, TRIP_UTC,
    4, 0x80, TRIP_OCD2,  # OCD3
    4, 0x40, TRIP_SCD,  # SCDL
    4, 0x20, TRIP_OCD1,  # OCDL
    4, 0x10, TRIP_COV,  # COVL
    4, 0x02, TRIP_HWD,
)
_TRIP_N = len(_TRIPS)
# fmt: on

# bit of Battery Status, meaning. After POR as after WD, data memory is back at its defaults.
_FLAGS = (
    (0x0001, FLAG_CONFIG),
    (0x0008, FLAG_RESET),
    (0x0010, FLAG_RESET),
    (0x2000, FLAG_SHUTDOWN),
    (0x8000, FLAG_SLEEP),
)
_FLAG_N = len(_FLAGS)
_SEC = const(0x0300)  # both bits: sealed
_KELVIN = const(2732)  # 0 degC in 0.1 K: of 273.15 the colder side


def trips_of(data) -> int:
    """TRIP_* bits of Safety Alert and Status, 0x03..0x07."""
    trips = 0
    if data[0] or data[2] or data[4]:
        for i in range(0, _TRIP_N, 3):
            if data[_TRIPS[i]] & _TRIPS[i + 1]:
                trips |= _TRIPS[i + 2]
    return trips


def flags_of(status: int) -> int:
    """FLAG_* bits of Battery Status, 0x12."""
    flags = FLAG_SEALED if status & _SEC == _SEC else 0
    for i in range(_FLAG_N):
        row = _FLAGS[i]
        if status & row[0]:
            flags |= row[1]
    return flags


def int16(data, at: int) -> int:
    """Signed word, low byte first."""
    value = data[at] | data[at + 1] << 8
    return value - 0x10000 if value & 0x8000 else value


def ddegc(data, at: int) -> int:
    """Temperature in 0.1 degC of a word in 0.1 K; 0 K is a pin that was not measured yet."""
    raw = int16(data, at)
    return raw - _KELVIN if raw > 0 else TEMP_NONE
