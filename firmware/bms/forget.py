"""Code that goes: what a start needed, once the pack is protected, and what is needed now and then."""

import sys

# What only a start needs, a third of all code in memory.
_START_ONLY = (
    "bms.settings bms.config bms.chemistry bms.relations bms.fields bms.fault_rows abstore "
    "bms.commission_store bms.recall bms.commissioning bms.commission_steps bms.commission_power "
    "bms.rehearsal bms.calibrator bms.keep bms.soc_knots bms.unchanged bms.fallback bms.wanted "
    "bms.changes bq769x2_memory"
)


def forget(names: str = _START_ONLY) -> None:
    """Let go of modules that are not needed any more; who imports them again gets them again."""
    modules: dict = sys.modules
    for name in names.split(" "):
        if modules.pop(name, None) is not None and "." in name:
            package, own = name.rsplit(".", 1)
            delattr(modules[package], own)
        # An import that failed, for want of memory most of all, leaves the half of a module that it has made in
        # MicroPython's table: under no name, but not collected until something else takes its place.
        modules[name] = None
        del modules[name]
