"""At start, before the first scan: what waited for a person when the power went still does. See `wishes`."""

from bms import faults
from bms.wishes import open_store


def recall(pack, slots=None) -> None:
    """What cannot be read is off until somebody says on."""
    words = open_store(slots)[1].split(" ")
    names = faults.NAMES.split(" ")
    pack.mode.off = True
    try:
        pack.lock_fets(int(words[1]))
        for word in words[2:]:
            name, rest = word.split("=")
            owed = int(rest.rstrip("!"))
            if name in names:  # one that this version does not know is let go
                pack.protect.recall(names.index(name), owed, rest.endswith("!"))
        pack.mode.off = words[0] != "on"
    except (ValueError, IndexError):
        pass
