"""What a pack knows of its charge and its worth before the estimators are there: nothing, and harmlessly so.

They are a quarter of all code, and no fault row and no FET waits for them, so a start permits first and
loads them then (`bms.report.pieces`). What flows in those seconds is not counted.
"""


class UnknownSoc:
    """Stands for `Soc`: anything is possible, half is likely, as at its own beginning."""

    soc_pm = 500
    soc_lo_pm = 0
    soc_hi_pm = 1000
    anchor = 0

    def step(self, snap, dt_ms):
        pass


class UnknownHealth:
    """Stands for `Health`."""

    def step(self, snap, soc, dt_ms, quiet):
        pass


def unknown(config):
    """For `Pack`, in place of its estimators."""
    return UnknownSoc(), UnknownHealth()
