"""NOR flash in memory: programs clear bits, erases set them, and the power may go at any step.

`Flash` has MicroPython's extended block interface. A step is one erase or one program of a page. With
`cut_at` the power fails in that step (0 = the first): a program has then reached some of its bytes, an
erase has left a sector that is neither old nor blank. After a cut every access raises until `power()`.
"""

from sim.prng import Prng

PAGE = 256


class PowerCut(OSError):
    """The supply went; whoever is running does not run any more."""


class Flash:
    """`block_n` erase blocks of `size` bytes, each with a counter of its erases."""

    def __init__(self, block_n: int, size: int = 4096, seed: int = 1):
        self.block_n = block_n
        self.size = size
        self.data = bytearray(b"\xff" * (block_n * size))
        self.erases = [0] * block_n
        self.steps = 0
        self.cut_at = -1
        self.dead = False
        self.before_step = (
            None  # called with (kind, block) before each step: a sweep looks in here
        )
        self._prng = Prng(seed)

    def power(self, cut_at: int = -1) -> None:
        """Power is back; it fails again in step `cut_at` from now."""
        self.dead = False
        self.steps = 0
        self.cut_at = cut_at

    def twin(self, seed: int):
        """Another flash with the same content, to see what a cut would do here."""
        other = Flash(0, self.size, seed)
        other.block_n = self.block_n
        other.data = bytearray(self.data)
        other.erases = list(self.erases)
        return other

    def readblocks(self, block: int, buf, offset: int = 0) -> None:
        self._alive()
        start = block * self.size + offset
        buf[:] = self.data[start : start + len(buf)]

    def writeblocks(self, block: int, buf, offset: int = 0) -> None:
        """Program page by page; without an offset MicroPython erases first, so not here."""
        start = block * self.size + offset
        end = start + len(buf)
        if offset + len(buf) > self.size:
            raise ValueError("a program beyond its block")
        at = start
        while at < end:
            stop = min(end, at - at % PAGE + PAGE)
            self._program(at, buf[at - start : stop - start])
            at = stop

    def ioctl(self, op: int, arg: int):
        """4: number of blocks, 5: their size, 6: erase one; as MicroPython asks."""
        if op == 4:
            return self.block_n
        if op == 5:
            return self.size
        if op == 6:
            self._erase(arg)
        return 0

    def _program(self, at: int, piece) -> None:
        cut = self._step(at, piece)
        reach = self._prng.below(len(piece) + 1) if cut else len(piece)
        for i in range(reach):
            self.data[at + i] &= piece[i]
        if cut and reach < len(piece):  # the byte in work: some of its bits
            self.data[at + reach] &= piece[reach] | self._prng.below(256)
        self._die(cut)

    def _erase(self, block: int) -> None:
        start = block * self.size
        cut = self._step(start, None)
        if not cut:
            self.data[start : start + self.size] = b"\xff" * self.size
        else:
            done = self._prng.below(3)
            for i in range(self.size if done else 0):
                self.data[start + i] |= self._prng.below(256) if done == 1 else 0xFF
        self.erases[block] += 1
        self._die(cut)

    def _step(self, at: int, piece) -> bool:
        """Count a step; does the power fail in it?"""
        self._alive()
        if self.before_step is not None:
            self.before_step(at, piece)
        cut = self.steps == self.cut_at
        self.steps += 1
        return cut

    def _die(self, cut: bool) -> None:
        if cut:
            self.dead = True
            raise PowerCut("power cut")

    def _alive(self) -> None:
        if self.dead:
            raise PowerCut("no power")
