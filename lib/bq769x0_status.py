"""What a BQ769x0 has latched in SYS_STAT, in the words of `roles.py`, and for how long it counts. Pure.

The chip keeps a trip until the host clears it, however long ago its cause ended. Here a trip ends by
itself, as in monitors that recover alone: voltages when they are back inside the host's own limits, currents
when the host has taken DSG's permission away and they have ended. The latch in the chip stays
until its FET is permitted again.
"""

from micropython import const

from bq769x0_trips import code_mv
from roles import CHG, DSG, TRIP_COV, TRIP_CUV, TRIP_OCD2, TRIP_OVRD, TRIP_SCD

# SYS_STAT (SLUSBK2I table 8-3)
OCD = const(0x01)
SCD = const(0x02)
OV = const(0x04)
UV = const(0x08)
OVRD = const(0x10)
XREADY = const(0x20)
CC_READY = const(0x80)
FAULTS = const(0x3F)
CHG_SHUTS = const(0x34)  # the chip opens CHG on these (table 8-1)
DSG_SHUTS = const(0x3B)

_CC = const(0x32)


def int16(data, at: int) -> int:
    """Signed word, high byte first."""
    value = data[at] << 8 | data[at + 1]
    return value - 0x10000 if value & 0x8000 else value


def code14(data, at: int) -> int:
    """A cell's or thermistor's code."""
    return (data[at] & 0x3F) << 8 | data[at + 1]


class Latches:
    """SYS_STAT of the last burst, and what the firmware has been told of it."""

    def __init__(self, cell_at):
        self._cell_at = cell_at
        self.stat = 0
        self.told = 0  # latched bits that `trips` has seen: only these may be cleared
        self._ov_end_mv = 0
        self._uv_end_mv = 0
        self._ocd_code = 0

    def limit(self, config, ocd_ma: int) -> None:
        """Where causes end."""
        self._ov_end_mv = config.cov_clear_mv
        self._uv_end_mv = config.cuv_clear_mv
        self._ocd_code = ocd_ma * config.shunt_uohm // 8440

    def alarm(self, stat: int, dsg_closed: bool) -> int:
        """What has opened DSG since it was closed. Any other latch is no news, nor an edge at the pin."""
        return stat & DSG_SHUTS if dsg_closed else 0

    def trips(self, data, gain: int, offset_mv: int, driven: int) -> int:
        """TRIP_* bits of a burst. `driven`: FETs that the host has not withdrawn."""
        stat = self.stat = self.told = data[0] & FAULTS
        if not stat:
            return 0
        trips = TRIP_OVRD if stat & OVRD else 0
        if stat & (SCD | OCD):
            if driven & DSG or -int16(data, _CC) >= self._ocd_code:
                trips |= (TRIP_SCD if stat & SCD else 0) | (TRIP_OCD2 if stat & OCD else 0)
        if stat & UV:
            low = code14(data, self._cell_at[0])
            for at in self._cell_at:
                low = min(low, code14(data, at))
            if driven & DSG or code_mv(low, gain, offset_mv) < self._uv_end_mv:
                trips |= TRIP_CUV
        if stat & OV:
            high = 0
            for at in self._cell_at:
                high = max(high, code14(data, at))
            if driven & CHG or code_mv(high, gain, offset_mv) > self._ov_end_mv:
                trips |= TRIP_COV
        return trips
