"""One clock for every "has been so for at least": starts with the first reading that says so."""

from micropython import const

NOT = const(-1)  # the clock does not run


def held(clock_ms: int, runs, dt_ms: int, limit_ms: int) -> int:
    """Clock after `dt_ms`. It stops at its limit; limit + dt_ms must stay below 2^30."""
    if not runs:
        return NOT
    return 0 if clock_ms < 0 else min(clock_ms + dt_ms, limit_ms)
