"""Before its first step a protection is told what was latched and owed when the power went."""

import pytest

from bms import faults
from bms.config import Config
from bms.protect import S_LOCKED, S_TRIPPED, Protect

SCD = faults.row_index("scd")  # locked after a few
WELD = faults.row_index("weld_dsg")  # latched at once


@pytest.fixture
def protect():
    return Protect(Config({"cell_n": 4}).bare())


@pytest.mark.parametrize("row, state", [(SCD, S_LOCKED), (WELD, S_TRIPPED)])
def test_what_was_latched_blocks_again_from_the_first_step(protect, row, state):
    protect.recall(row, 3, True)
    assert protect.state[row] == state and protect.latched_n == 1


def test_what_was_owed_counts_towards_the_lock_and_no_further(protect):
    protect.recall(SCD, 2, False)
    assert protect.owed(SCD) == 2 and protect.state[SCD] == 0
    protect.recall(SCD, 200, False)
    assert protect.owed(SCD) == 3
    protect.recall(WELD, 2, False)
    assert protect.owed(WELD) == 0
