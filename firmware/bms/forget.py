"""Code that goes: what a start needed, once the pack is protected, and what is needed now and then."""

import sys

# What only a start needs, a third of all code in memory.
_START_ONLY = (
    "bms.settings",
    "bms.config",
    "bms.chemistry",
    "bms.relations",
    "bms.fields",
    "abstore",
    "bms.commission_store",
    "bms.recall",
    "bms.commissioning",
    "bms.commission_steps",
    "bms.commission_power",
    "bms.rehearsal",
    "bms.calibrator",
    "bms.keep",
    "bms.soc_knots",
    "bms.unchanged",
    "bms.fallback",
    "bms.wanted",
    "bms.changes",
    "bq769x2_memory",
)


def forget(names=_START_ONLY):
    """Let go of modules that are not needed any more; who imports them again gets them again."""
    for name in names:
        if sys.modules.pop(name, None) is not None and "." in name:
            package, own = name.rsplit(".", 1)
            delattr(sys.modules[package], own)
