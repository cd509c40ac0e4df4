"""The FETs of a BQ769x0: who may conduct, and DSG only after the load's capacitors are charged.

The chip opens a FET by itself and never closes one. It knows no precharge: the board's switch carries the
current through a resistor, and DSG follows when the terminals have come up.
"""

from micropython import const

from bq769x0_frame import CC_EN, SYS_CTRL1, SYS_CTRL2, SYS_STAT
from bq769x0_status import CHG_SHUTS, DSG_SHUTS, FAULTS, XREADY
from roles import CHG, DSG, PDSG

_CHG_ON = const(1)  # SYS_CTRL2
_DSG_ON = const(2)
_LOAD_PRESENT = const(0x80)  # SYS_CTRL1
_CHARGER_MV = const(300)


class Switch:
    """Permission and fact. `terminals`: see terminals.py, or None."""

    def __init__(self, frame, latches, terminals):
        self._frame = frame
        frame.invited = self.charger
        self._latches = latches
        self._terminals = terminals
        self._precharge_mv = 0
        self.permitted = 0
        self.driven = 0  # CHG, DSG: what the chip was last told to drive
        self.dsg_closed = False  # and that it took
        self.stack_mv = self.pack_mv = self.ld_mv = 0

    def load(self, config) -> None:
        """`ValueError` when the board has no switch that the configuration wants."""
        if config.precharge_on and not (self._terminals and self._terminals.can_precharge):
            raise ValueError("precharge_on: 1, the board has no switch for it")
        self._precharge_mv = config.precharge_mv

    def off(self) -> None:
        """Everything off, whatever is latched; the coulomb counter on."""
        self.permitted = self.driven = 0
        self.dsg_closed = False
        if self._terminals is not None:
            self._terminals.pdsg(False)
        self._frame.write(SYS_CTRL2, CC_EN)

    def fets(self) -> int:
        """FETs that the chip drives in the burst at hand, and the precharge switch."""
        control = self._frame.data[SYS_CTRL2]
        fets = self.permitted & PDSG
        if control & _CHG_ON:
            fets |= CHG
        if control & _DSG_ON:
            fets |= DSG
        return fets

    def look(self, stack_mv: int) -> None:
        """Stack and terminals, at the burst at hand; `stack_mv` is the chip's own sum of its cells.

        Without eyes on the terminals LOAD_PRESENT tells of a load, with CHG off only; with DSG alone off,
        one is assumed.
        """
        self.stack_mv = self.pack_mv = self.ld_mv = stack_mv
        terminals = self._terminals
        if terminals is not None:
            self.pack_mv = self.ld_mv = terminals.read_mv()
            if terminals.sees_stack:
                self.stack_mv = terminals.read_stack_mv()
            return
        fets = self.fets()
        if not fets & DSG and (fets & CHG or self._frame.data[SYS_CTRL1] & _LOAD_PRESENT):
            self.ld_mv = 0

    def charger(self) -> bool:
        """Somebody drives the terminals. Answers also while the chip does not."""
        terminals = self._terminals
        if terminals is None:
            return False
        stack_mv = terminals.read_stack_mv() if terminals.sees_stack else self.stack_mv
        return terminals.read_mv() > stack_mv + _CHARGER_MV

    def write(self, bits: int) -> None:
        """Permit exactly these FETs. DSG together with PDSG waits for `follow`."""
        self.permitted = bits
        if self._terminals is not None:
            self._terminals.pdsg(bits & PDSG != 0)
        self._control(bits & CHG if bits & PDSG else bits & (CHG | DSG))

    def follow(self) -> bool:
        """Close DSG when the load is charged; True when it was time."""
        if self.permitted & (DSG | PDSG) != DSG | PDSG:
            return False
        if self.pack_mv < self.stack_mv - self._precharge_mv:
            return False
        self._control(self.permitted & (CHG | DSG))
        return True

    def lift(self, on: bool) -> None:
        """Pull the terminal up, where the board can."""
        if self._terminals is not None:
            self._terminals.lift(on)

    def _control(self, fets: int) -> None:
        """Write SYS_CTRL2. Latches that the firmware knows are cleared; news keep their FET off."""
        frame = self._frame
        frame.drop()
        stat = frame.look_up(SYS_STAT) & FAULTS
        self.driven = fets
        known = 0
        if fets & CHG:
            known = CHG_SHUTS
        if fets & DSG:
            known |= DSG_SHUTS
        known &= stat & self._latches.told & ~XREADY
        if known:
            frame.write(SYS_STAT, known)
            stat = frame.look_up(SYS_STAT) & FAULTS  # what persists is back at once
        control = CC_EN
        if fets & CHG and not stat & CHG_SHUTS:
            control |= _CHG_ON
        if fets & DSG and not stat & DSG_SHUTS:
            control |= _DSG_ON
        frame.write(SYS_CTRL2, control)
        self.dsg_closed = control & _DSG_ON != 0
