"""Welded, stuck, or only the chip helping: what FET bits and current mean together."""

from array import array

import pytest

from bms import faults
from bms.bits import PRECHARGE, RUN, SLEEP
from bms.quantities import fill_measured
from bms.snapshot import Snapshot
from roles import BOTH, CHG, DSG, FLAG_SLEEP, PDSG, TRIP_HWD, TRIP_SCD


def quantities(commanded, actual, ma=0, mode=RUN, trips=0, flags=0):
    snap = Snapshot(4, 1)
    snap.fets, snap.pack_ma, snap.trips, snap.flags = actual, ma, trips, flags
    q = array("i", [0] * faults.Q_N)
    fill_measured(q, snap, commanded, mode)
    return q


STUCK = [
    # commanded, actual, current, mode, trips, flags, stuck
    (BOTH, BOTH, 0, RUN, 0, 0, 0),
    (BOTH, CHG, 0, RUN, 0, 0, 1),
    (BOTH, DSG, 0, RUN, 0, 0, 1),
    (0, 0, 0, RUN, 0, 0, 0),
    (0, DSG, 0, RUN, 0, 0, 1),
    (0, BOTH, 0, RUN, 0, 0, 1),
    (DSG, BOTH, -5000, RUN, 0, 0, 0),  # body-diode help for the charge FET
    (CHG, BOTH, 5000, RUN, 0, 0, 0),
    (DSG, BOTH, 0, RUN, 0, 0, 1),  # no current to help
    (DSG, BOTH, 5000, RUN, 0, 0, 1),
    (CHG, BOTH, -5000, RUN, 0, 0, 1),
    (DSG | PDSG, CHG, 0, RUN, 0, 0, 1),
    (BOTH, 0, 0, RUN, TRIP_SCD, 0, 0),  # the chip's own trip opened them
    (0, DSG, 0, RUN, TRIP_SCD, 0, 1),  # but it never closes one
    (BOTH, DSG, 0, RUN, 0, FLAG_SLEEP, 0),
    (DSG | PDSG, PDSG, 0, PRECHARGE, 0, 0, 0),
    (CHG | DSG, DSG, 0, PRECHARGE, 0, 0, 1),
]


@pytest.mark.parametrize("commanded,actual,ma,mode,trips,flags,stuck", STUCK)
def test_stuck(commanded, actual, ma, mode, trips, flags, stuck):
    q = quantities(commanded, actual, ma, mode, trips, flags)
    assert q[faults.Q_FET_STUCK] == stuck


def test_current_through_a_fet_that_is_off_is_a_weld():
    q = quantities(DSG, DSG, 3000)
    assert q[faults.Q_WELD_CHG_MA] == 3000 and q[faults.Q_WELD_DSG_MA] == 0
    q = quantities(CHG, CHG, -3000)
    assert q[faults.Q_WELD_DSG_MA] == 3000 and q[faults.Q_WELD_CHG_MA] == 0


def test_current_through_a_fet_that_is_on_or_commanded_is_none():
    for commanded, actual in ((BOTH, BOTH), (BOTH, 0), (0, BOTH)):
        for ma in (-3000, 3000):
            q = quantities(commanded, actual, ma)
            assert q[faults.Q_WELD_CHG_MA] == 0 and q[faults.Q_WELD_DSG_MA] == 0


def test_the_host_watchdog_is_expected_while_asleep():
    assert quantities(0, 0, trips=TRIP_HWD)[faults.Q_CHIP_HWD] == 1
    assert quantities(0, 0, trips=TRIP_HWD, mode=SLEEP)[faults.Q_CHIP_HWD] == 0
