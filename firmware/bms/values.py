"""A configuration that has been checked: bare attributes, without the tables that checked it.

What a running pack holds. `bms.config` and its tables can be forgotten once this is made.
"""


class Values:
    """One attribute a field, plus `chemistry` and `hash`. Not to be changed once made."""

    chemistry = ""
    hash = 0
    packed = b""  # what the hash was made of: a log keeps it

    def __getattr__(self, name: str) -> int:
        """Only reached for what is no field; it tells a type checker that fields are integers."""
        raise AttributeError(name)
