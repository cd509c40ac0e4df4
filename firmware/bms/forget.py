"""Code that goes once the pack is protected."""

import sys

# What only a start needs, a third of all code in memory.
_START_ONLY = (
    "bms.settings bms.config bms.chemistry bms.relations bms.fields bms.fault_rows abstore "
    "bms.commission_store bms.recall bms.commissioning bms.calibrator bms.keep bms.soc_knots "
    "bms.unchanged bms.fallback bms.wanted bms.changes bq769x2_memory"
)


def forget():
    """Let go of modules that are not needed any more; who imports them again gets them again."""
    for name in _START_ONLY.split(" "):
        if sys.modules.pop(name, None) is not None and "." in name:
            delattr(sys.modules["bms"], name.split(".")[1])
