"""A configuration that has been checked: bare attributes, without the tables that checked it.

What a running pack holds. `bms.config` and its tables can be forgotten once this is made.
"""


class Values:
    """One attribute a field, plus `chemistry` and `hash`. Not to be changed once made."""

    chemistry = ""
    hash = 0
    packed = b""  # what the hash was made of: a log keeps it
    image = b""  # what the monitor's driver made of them, `guard.image`; b"" = it shall make it
    rows = b""  # the fault table with their numbers, see `fault_rows.resolved`; b"" = made when needed
    source = 0  # of `bms.settings`
    why = ""  # they are in force instead of those that were meant: what is wrong with those
    held = False  # they may not be what a person confirmed
    checked = False  # this start did it, and did not take what `bms.unchanged` keeps
    keep = False  # the next start may take them

    def __getattr__(self, name: str) -> int:
        """Only reached for what is no field; it tells a type checker that fields are integers."""
        raise AttributeError(name)
