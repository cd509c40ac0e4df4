"""What the simulator raises when a driver does what no data sheet allows."""


class SimError(AssertionError):
    """Illegal use of a simulated part: a bug in the caller, never a bus fault."""
