"""Random integers that are the same on every interpreter and machine."""

_MASK = 0xFFFFFFFF


class Prng:
    """Marsaglia's xorshift32; the seed is any integer."""

    def __init__(self, seed: int = 1):
        # multiplied by an odd constant so that the seeds 1, 2, 3 do not start alike; never zero
        self.state = (seed * 0x9E3779B1 & _MASK) or 0x6D2B79F5

    def next(self) -> int:
        """The next integer, 1 .. 2^32 - 1."""
        state = self.state
        state ^= state << 13 & _MASK
        state ^= state >> 17
        state ^= state << 5 & _MASK
        self.state = state
        return state

    def below(self, n: int) -> int:
        """An integer 0 .. n - 1; the bias of the modulo is below n / 2^32."""
        return (self.next() >> 3) % n

    def between(self, low: int, high: int) -> int:
        """An integer low .. high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, per_million: int) -> bool:
        """True this many times in a million."""
        return self.below(1000000) < per_million

    def pick(self, items):
        """One of a sequence."""
        return items[self.below(len(items))]

    def signed(self) -> float:
        """A float -1 .. 1, triangular around zero: what parts of one batch scatter like."""
        return (self.next() >> 8) / 16777216.0 - (self.next() >> 8) / 16777216.0

    def spread(self, size: float) -> float:
        """A float -size .. size, triangular around zero."""
        return size * self.signed()
