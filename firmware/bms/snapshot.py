"""One scan's worth of facts, allocated once.

Integers in the units their names carry. `sense` is the only writer. A snapshot that could not be
taken whole keeps its numbers for the record but is not `fresh`; `age_ms` grows until one is.
"""

from array import array

from roles import TEMP_NONE


class Snapshot:
    """Readings of the last scan and what follows from them by arithmetic alone."""

    def __init__(self, cell_n: int, ntc_n: int):
        self.cell_n = cell_n
        self.ntc_n = ntc_n
        self.seq = 0  # scans attempted
        self.fresh = False  # this scan measured everything
        self.age_ms = 0  # since the last fresh scan
        self.good_n = 0  # fresh scans in a row (saturates at 1000)
        self.bus_errors = 0  # failed scans since start
        self.cell_mv = array("i", [0] * cell_n)
        self.rest_mv = array("i", [0] * cell_n)  # last reading taken with no cell bleeding
        self.temp_ddegc = array("i", [TEMP_NONE] * ntc_n)
        self.stack_mv = 0
        self.pack_mv = 0
        self.ld_mv = 0
        self.pack_ma = 0
        self.fet_ddegc = TEMP_NONE
        self.die_ddegc = TEMP_NONE
        self.fets = 0  # FET bits that conduct, as the chip reports
        self.trips = 0  # TRIP_* bits of the chip
        self.flags = 0  # FLAG_* bits of the chip
        self.alarm = 0  # chip's latched alarm word
        self.verify = 0  # STEP_* of this scan's verification slice
        self.interlock_open = False
        # derived by sense.derive()
        self.cell_max_mv = 0
        self.cell_min_mv = 0
        self.cell_max_i = 0
        self.cell_min_i = 0
        self.cell_sum_mv = 0
        self.temp_max_ddegc = TEMP_NONE
        self.temp_min_ddegc = TEMP_NONE
        self.temp_max_i = 0
        self.temp_min_i = 0
        self.ntc_bad_i = (
            -1
        )  # first NTC that reads open or shorted, ntc_n = the MOSFETs', -1 = none
        self.openwire_mv = 0  # evidence for an open sense wire, see plausible.py
        self.openwire_i = 0
        self.plausible = False  # cells add up and no sense wire seems open: fit to learn from
        self.charger = False  # terminal voltage says a charger is there
        self.load = False  # terminal voltage says a load is there (FETs off)
        self._room = None  # MicroPython's tables grow when full, and until then a name is sought in all of one
