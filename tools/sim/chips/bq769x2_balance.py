"""Host-controlled balancing of the BQ769x2 model: CB_ACTIVE_CELLS, CB_SET_LVL and their time-out.

A command takes effect at the chip's next one-second tick; without another it ends after Cell Balance
Interval. Adjacent cells are not refused in host mode. TRM chapter 10.
"""

from sim.chips.bq769x2_bits import NEVER, NORMAL, SECOND_US, SLEEP

_CB_SLEEP = 0x04
_CB_NO_CMD = 0x10


class Balance:
    """Which inputs bleed."""

    def __init__(self, chip):
        self.chip = chip
        self.cell_s = [0] * 16
        self.reset()

    def reset(self) -> None:
        self.requested = self.active = 0
        self.until_us = NEVER
        self.total_s = 0
        for i in range(16):
            self.cell_s[i] = 0

    def configure(self) -> None:
        """Take the options and the interval from data memory."""
        self.options = self.chip.memory.u1(0x9335)
        self.interval_us = self.chip.memory.u1(0x9339) * SECOND_US

    def command(self, mask: int) -> None:
        """CB_ACTIVE_CELLS: bleed these inputs, 0 = none."""
        if self.options & _CB_NO_CMD:
            return
        if mask & ~self.chip.measure.used:
            self.chip.refuse(f"balancing inputs 0x{mask:04X} that are no cells")
            mask &= self.chip.measure.used
        self.requested = mask
        self.until_us = self.chip.world.now_us + self.interval_us if mask else NEVER

    def command_level(self, level_mv: int) -> None:
        """CB_SET_LVL: bleed every cell above a voltage."""
        mask = 0
        for i in range(16):
            if self.chip.measure.used >> i & 1 and self.chip.measure.cell_mv[i] > level_mv:
                mask |= 1 << i
        self.command(mask)

    def run(self, now_us: int) -> None:
        """End it when nobody repeated the command."""
        if now_us >= self.until_us:
            self.stop()

    def tick(self) -> None:
        """Once a second: count, and make the request real."""
        if self.active:
            self.total_s += 1
            for i in range(16):
                self.cell_s[i] += self.active >> i & 1
        state = self.chip.state
        allowed = state == NORMAL or (state == SLEEP and self.options & _CB_SLEEP)
        self._apply(self.requested if allowed else 0)

    def stop(self) -> None:
        """No bleeding and no request."""
        self.requested = 0
        self.until_us = NEVER
        self._apply(0)

    def _apply(self, mask: int) -> None:
        if mask == self.active:
            return
        self.active = mask
        inputs = self.chip.measure.inputs
        for k in range(len(inputs)):
            self.chip.plant.bleed[k] = bool(mask >> inputs[k] & 1)
        self.chip.moved()
