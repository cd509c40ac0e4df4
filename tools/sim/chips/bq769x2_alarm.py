"""Alarm Raw Status, Alarm Status, Alarm Enable and the ALERT pin of the BQ769x2 model.

A bit latches on the rising edge of raw AND enable; once cleared it comes back only with the next edge
(E2E 1320417), even while its cause lasts. TRM section 6.6.
"""

from sim.chips.bq769x2_bits import (
    CB,
    CHG,
    DSG,
    FXN_MASK,
    FXN_NATIVE,
    INITCOMP,
    INITSTART,
    MSK_SFALERT,
    OFF,
    OPT_ACTIVE_LOW,
    OPT_DRIVE_HIGH,
    OPT_PULLDOWN,
    OPT_PULLUP,
    PF,
    SHUTV,
    SSA,
    SSBC,
    WAKE,
    XCHG,
    XDSG,
)


class Alarm:
    """The alarm words and the pin."""

    def __init__(self, chip, line):
        self.chip = chip
        self.line = line
        self.end = line.end("bq769x2")
        self.reset()

    def reset(self) -> None:
        self.raw = self.status = self.enable = 0
        self.asserted = False
        self.config = 0
        self.masks = (0, 0, 0)
        self.woken = False
        self.end.set_pull(0)
        self.end.drive(None)

    def configure(self) -> None:
        """Alarm Enable starts from Default Alarm Mask; the pin follows its configuration."""
        memory = self.chip.memory
        self.enable = memory.u2(0x926D)
        self.masks = [memory.u1(0x926F + i) for i in range(3)]
        self.config = memory.u1(0x92FC)
        self.chip.changed = True

    def pulse(self, bits: int) -> None:
        """Bits that set for a moment only."""
        fresh = bits & self.enable & ~self.status
        if fresh:
            self.status |= fresh
            self.chip.changed = True

    def clear(self, bits: int) -> None:
        """Write 1 to clear."""
        self.status &= ~bits
        self.chip.changed = True

    def set_enable(self, value: int) -> None:
        self.enable = value
        self.status &= value
        self.chip.changed = True

    def _raw(self) -> int:
        chip = self.chip
        guard = chip.protect
        raw = SSBC if guard.status_b | guard.status_c else 0
        if guard.status_a:
            raw |= SSA
        if any(guard.pf):
            raw |= PF
        if guard.alert_a & self.masks[0] | guard.alert_b & self.masks[1]:
            raw |= MSK_SFALERT
        if guard.alert_c & self.masks[2]:
            raw |= MSK_SFALERT
        raw |= 0 if chip.fets.on & CHG else XCHG
        raw |= 0 if chip.fets.on & DSG else XDSG
        if chip.balance.active:
            raw |= CB
        power = chip.power
        raw |= SHUTV if power.low_voltage else 0
        raw |= INITSTART if power.init_start else 0
        raw |= INITCOMP if power.init_done else 0
        return raw | (WAKE if self.woken else 0)

    def latch(self) -> None:
        """Latch new edges, and publish."""
        raw = self._raw()
        before = self.raw
        self.raw = raw
        self.woken = False
        self.status |= raw & ~before & self.enable
        native = self.config & FXN_MASK == FXN_NATIVE and self.chip.state != OFF
        self.asserted = native and bool(self.status & self.enable)
        regs = self.chip.regs
        for at, value in ((0x62, self.status), (0x64, self.raw), (0x66, self.enable)):
            regs[at] = value & 0xFF
            regs[at + 1] = value >> 8

    def drive(self) -> None:
        """Drive the pin. Last in every change: it may interrupt the host, who may move an off-pin."""
        config = self.config
        if config & FXN_MASK != FXN_NATIVE or self.chip.state == OFF:
            self.end.set_pull(0)
            self.end.drive(None)
            return
        self.end.set_pull(1 if config & OPT_PULLUP else -1 if config & OPT_PULLDOWN else 0)
        level = self.asserted != bool(config & OPT_ACTIVE_LOW)
        if level and config & OPT_ACTIVE_LOW and not config & OPT_DRIVE_HIGH:
            self.end.drive(None)
        else:
            self.end.drive(1 if level else 0)
