"""The way between the top of the stack and the PACK terminal, and the balance of currents there.

    stack -- shunt, wires -- contactor -- CHG FET -- DSG FET -- PACK/LD -- whatever is `Outside`

One unknown, the terminal voltage: every branch is a piecewise linear (constant power: hyperbolic)
current over it, so Newton's method with a bracket finds the balance in two or three passes, whatever
is connected. Each FET blocks one direction and lets the other through its body diode. The predischarge
FET goes round DSG, the precharge FET round CHG, each through its resistor.
"""

_FAR_V = 1000.0
_EXACT_V = 1e-10
_KNEE_V = 2.0  # below it a constant-current load is a resistor
_LIFT_A = 0.0001  # load-detect current of a BQ769x2, general knowledge
_LIFT_SHORT_V = 1.5  # and how far below the stack it ends: a guess

# switches, as one integer
CHG = 1
DSG = 2
PDSG = 4
PCHG = 8
LIFT = 16
CUT = 32


class Circuit:
    """Solves the terminal node; knows of cells only a voltage behind a resistance."""

    def __init__(self, outside):
        self.outside = outside
        self.path_ohm = 0.0015  # shunt, busbars, fuse
        self.fets_ohm = 0.0008  # both FETs
        self.diode_v = 0.7
        self.pdsg_ohm = 20.0
        self.pchg_ohm = 20.0
        # results
        self.terminal_v = 0.0
        self.current_a = 0.0  # through the shunt, + = charging
        self._slope_s = outside.load_s
        self._cap_s = 0.0
        # the stack as the terminal sees it: discharges below, charges above these voltages
        self._out_v = self._out_s = self._in_s = 0.0
        self._in_v = 0.0
        self.set_switches(0)

    def set_switches(self, switches: int) -> None:
        """Which FETs conduct, welded ones included (`CHG` ... `LIFT`); `CUT`: the contactor is open."""
        self._lift = switches & LIFT
        self._out_ohm = self._in_ohm = None
        self._out_drop_v = 0.0 if switches & CHG else self.diode_v
        self._in_drop_v = 0.0 if switches & DSG else self.diode_v
        if switches & CUT:
            return
        if switches & DSG:
            self._out_ohm = self.path_ohm + self.fets_ohm
        elif switches & PDSG:
            self._out_ohm = self.path_ohm + self.pdsg_ohm
        if switches & CHG:
            self._in_ohm = self.path_ohm + self.fets_ohm
        elif switches & PCHG:
            self._in_ohm = self.path_ohm + self.pchg_ohm

    def fet_watts(self) -> float:
        """Heat in the FETs at the present current."""
        amps = self.current_a
        if amps > 0.0:
            return amps * (amps * self.fets_ohm + self._in_drop_v)
        return amps * (amps * self.fets_ohm - self._out_drop_v)

    def solve(self, source_v: float, source_ohm: float, dt_s: float) -> float:
        """Average current of a step of this length, + = into the stack; 0 s: the present moment."""
        out_ohm = self._out_ohm
        in_ohm = self._in_ohm
        self._out_s = 0.0 if out_ohm is None else 1.0 / (source_ohm + out_ohm)
        self._in_s = 0.0 if in_ohm is None else 1.0 / (source_ohm + in_ohm)
        self._out_v = source_v - self._out_drop_v
        self._in_v = source_v + self._in_drop_v
        self._cap_s = 0.0
        if self.outside.cap_f > 0.0:
            v = self._balance_with_cap(dt_s)
        else:
            v = self.terminal_v = self._balance(self.terminal_v)
        amps = 0.0
        if v < self._out_v:
            amps = (v - self._out_v) * self._out_s
        elif v > self._in_v:
            amps = (v - self._in_v) * self._in_s
        self.current_a = amps + 0.0  # no -0.0
        return self.current_a

    def _balance_with_cap(self, dt_s: float) -> float:
        """The capacitor as a conductance that carries its average current of the step."""
        out = self.outside
        slope = max(self._slope_s, out.load_s)  # constant power has a falling branch
        v = self.terminal_v
        for _ in range(3):
            self._cap_s = _average_s(slope, out.cap_esr_ohm, out.cap_f, dt_s)
            v = self._balance(v)
            if self._slope_s <= 2.0 * slope:
                break
            slope = self._slope_s  # a stiffer branch took over within the step
        if dt_s > 0.0:
            moved_v = out.cap_v + (v - out.cap_v) * self._cap_s * dt_s / out.cap_f
            self._cap_s = 0.0
            rest_v = self._balance(
                v
            )  # where it would end: a knee on the way must not carry it past
            out.cap_v = max(min(moved_v, max(rest_v, out.cap_v)), min(rest_v, out.cap_v))
            self.terminal_v = out.cap_v  # at the end of the step, when the surge is over
        else:
            self.terminal_v = v
        return v

    def _balance(self, v: float) -> float:
        """The terminal voltage at which all currents add up to nothing, found from this one."""
        low = -1.0
        high = _FAR_V
        cap_s = self._cap_s
        for _ in range(80):
            amps = self._net(v)
            slope = self._slope_s
            if cap_s > 0.0:
                amps += (self.outside.cap_v - v) * cap_s
                slope += cap_s
            if amps > 0.0:
                low = v
            else:
                high = v
            by = amps / slope if slope > 0.0 else _FAR_V
            if -_EXACT_V < by < _EXACT_V:
                break
            v += by
            if not low < v < high:
                v = (low + high) / 2.0
        return max(v, 0.0)

    def _net(self, v: float) -> float:
        """Current into the terminal at this voltage but for a capacitor's; its fall is `_slope_s`."""
        out = self.outside
        slope = out.load_s
        amps = -v * slope
        if out.charger_a > 0.0 and v < out.charger_v:
            give = (out.charger_v - v) / out.charger_ohm
            if give < out.charger_a:
                amps += give
                slope += 1.0 / out.charger_ohm
            else:
                amps += out.charger_a
        if out.drive_a > 0.0 and v < out.drive_top_v:
            give = out.drive_top_v - v  # falls to nothing over the last volt
            amps += out.drive_a * min(give, 1.0)
            slope += out.drive_a if give < 1.0 else 0.0
        if out.load_a > 0.0 or out.load_w > 0.0:
            take, steep = _taken(out, v)
            amps -= take
            slope += steep
        if self._lift and v < self._in_v - _LIFT_SHORT_V:
            give = self._in_v - _LIFT_SHORT_V - v
            amps += _LIFT_A * min(give, 1.0)
            slope += _LIFT_A if give < 1.0 else 0.0
        if v < self._out_v:
            amps += (self._out_v - v) * self._out_s
            slope += self._out_s
        elif v > self._in_v:
            amps -= (v - self._in_v) * self._in_s
            slope += self._in_s
        self._slope_s = slope
        return amps


def _taken(out, v: float):
    """Current of the constant-current and constant-power loads, and its slope."""
    amps = out.load_a
    slope = 0.0
    if v < _KNEE_V:
        slope = amps / _KNEE_V
        amps = v * slope
    watts = out.load_w
    if watts > 0.0:
        cut_v = out.load_cut_v
        if v > cut_v:
            amps += watts / v
            slope -= watts / (v * v)
        else:
            slope += watts / (cut_v * cut_v)
            amps += v * watts / (cut_v * cut_v)
    return amps, slope


def _average_s(slope: float, esr_ohm: float, farad: float, dt_s: float) -> float:
    """Conductance through which a capacitor takes its average current of a step, seen by a node
    whose other branches have this slope. 1/ESR for the present moment."""
    ohm = 1.0 / slope + esr_ohm
    x = dt_s / (ohm * farad)
    # x / (1 - exp(-x)) - 1 with exp as `cell.decay` has it, written so that nothing cancels
    more = x * (0.5 + x * (1.0 / 3.0 + x * (0.125 + x / 24.0)))
    return 1.0 / (esr_ohm + ohm * more / (1.0 + x * (0.5 + x * (1.0 / 6.0 + x / 24.0))))
