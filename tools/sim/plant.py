"""The pack as physics: cells, FETs, terminals, temperatures, sense wires. No firmware knowledge.

A chip model reads `sense_v(i)`, `stack_v`, `current_a`, `pack_v`, `ld_v`, `temp_c`, `fet_c`, `die_c`
and sets the FET and bleed bits; people and tests connect things `outside` and break wires. All these may
be set at any time and act from the next `settle` or `step` on. Truth is in `cell_v`, `cells`, `heat` and
`worst`; `temp_c` is what the NTCs show, so a broken one lies there too.
"""

from sim.cell import HYSTERESIS_V, Cells
from sim.circuit import CHG, CUT, DSG, LIFT, PCHG, PDSG, Circuit
from sim.excursion import Excursion
from sim.heat import Heat
from sim.outside import Outside
from sim.trace import Drive
from sim.wires import Wires

_HEAT_US = 1000000  # temperatures, resistances and leaks are brought up to date this often
_HEATER_W_PER_AH = 2.0


class Plant:
    """A pack of `cell_n` cells; `spread` scales how much they differ, 0 = all the same.

    With a `trace` the pack lives through it (see `trace.Drive`); `trace_ah` is the capacity of the
    traced cell where the trace's own estimate should not be used.
    """

    def __init__(
        self,
        cell_n: int = 16,
        capacity_ah: float = 100.0,
        soc=None,
        seed: int = 1,
        ntc_n: int = 3,
        temp_c: float = 25.0,
        spread: float = 1.0,
        trace=None,
        trace_ah=None,
    ):
        self.drive = None
        if trace is not None:
            self.drive = Drive(trace, capacity_ah, trace_ah or trace.capacity_ah)
            soc = trace.start_soc() if soc is None else soc
            temp_c = trace.temp_c[0]
        self.cell_n = cell_n
        self.capacity_ah = capacity_ah
        self.now_us = 0
        self.cells = Cells(cell_n, capacity_ah, 0.6 if soc is None else soc, seed, spread)
        self.heat = Heat(cell_n, ntc_n, capacity_ah, temp_c)
        self.heater_ohm = 3.3 * cell_n * 3.3 * cell_n / (_HEATER_W_PER_AH * capacity_ah)
        self.outside = Outside(capacity_ah, self.heater_ohm)
        self.outside.drive_top_v = 4.0 * cell_n
        self.circuit = Circuit(self.outside)
        self.wires = Wires(cell_n)
        self.worst = Excursion()
        self._init_switches(cell_n, ntc_n)
        self._init_results()
        self._follow_temps()
        self.settle()

    def _init_switches(self, cell_n: int, ntc_n: int) -> None:
        # set by the chip model
        self.chg_on = False
        self.dsg_on = False
        self.pdsg_on = False
        self.pchg_on = False
        self.load_detect = False
        self.bleed = [False] * cell_n
        # set by the board
        self.heater_on = False
        self.fan_on = False
        self.contactor_open = False  # a pack without a contactor is one with a closed one
        self.own_ma = 15.0  # electronics, drawn from the stack ahead of the shunt
        # set by mischief
        self.welded_chg = False
        self.welded_dsg = False
        self.wire_open = self.wires.open
        self.ntc_open = [False] * ntc_n
        self.ntc_short = [False] * ntc_n
        self.interlock_open = False
        # what of this the last settle saw
        self._switches = 0
        self._bleed = list(self.bleed)
        self._wire_open = list(self.wire_open)
        self._ntc_broken = ([False] * ntc_n, [False] * ntc_n)
        self._heating = False

    def _init_results(self) -> None:
        self.bleed_ohm = 68.0
        self.ambient_shift_c = 0.0  # on top of a trace's temperature
        self.cell_v = self.cells.volts
        self.temp_c = list(self.heat.temp_c)
        self.current_a = 0.0
        self.stack_v = 0.0
        self.pack_v = 0.0
        self.ld_v = 0.0
        self.charged_ah = 0.0  # through the shunt
        self.discharged_ah = 0.0
        self._bleed_a = [0.0] * self.cell_n
        self._heat_us = 0
        self._square_a2s = 0.0  # integral of current squared since the temperatures were last done
        self._fet_j = 0.0
        self._warm_ah = 0.0  # charge moved by then

    # what a monitor can measure --------------------------------------------------------------------

    def sense_v(self, i: int) -> float:
        """Voltage between the monitor's inputs of cell i."""
        wires = self.wire_open
        if wires[i] or wires[i + 1]:
            return self.wires.reading(i, self.cell_v)
        return self.cell_v[i]

    @property
    def fet_c(self) -> float:
        """Temperature at the FETs."""
        return self.heat.fet_c

    @property
    def die_c(self) -> float:
        """Temperature of the monitor chip."""
        return self.heat.die_c

    # truth, for scenarios ----------------------------------------------------------------------------

    def soc(self) -> float:
        """Mean charge of the cells, 0 .. 1; single cells in `cells.soc`."""
        return sum(self.cells.soc) / self.cell_n

    def charge_ah(self, i: int) -> float:
        """Charge in a cell."""
        return self.cells.soc[i] * self.cells.capacity_ah[i]

    def soak(self, temp_c: float) -> None:
        """The pack has been at this ambient temperature for hours."""
        if self.drive is not None:
            self.ambient_shift_c = temp_c - self.drive.temp_c
        self.heat.soak(temp_c)
        self._follow_temps()

    # time ------------------------------------------------------------------------------------------

    def unsettled(self) -> bool:
        """Has a switch, wire or connection changed since the last settle?"""
        return (
            self.outside.changed
            or self._switches_now() != self._switches
            or self.bleed != self._bleed
            or self.heater_on != self._heating
            or self.wire_open != self._wire_open
            or self.ntc_open != self._ntc_broken[0]
            or self.ntc_short != self._ntc_broken[1]
        )

    def settle(self) -> None:
        """Let switches and connections that have changed act, in no time."""
        if not self.unsettled():
            return
        if self.heater_on != self._heating:
            self._heating = self.heater_on
            self.outside.heat(self.heater_on)
        if self.bleed != self._bleed or self.wire_open != self._wire_open:
            self._bleed = list(self.bleed)
            self._wire_open = list(self.wire_open)
            self._set_extra()
        self._ntc_broken = (list(self.ntc_open), list(self.ntc_short))
        self.heat.show(self.temp_c, self.ntc_open, self.ntc_short)
        self._latch(self._switches_now())
        self._solve(0)

    def next_us(self):
        """When a trace has its next row; None: nothing to stop for."""
        return None if self.drive is None else self.drive.next_us

    def step(self, dt_us: int) -> None:
        """Settle, then live through this time."""
        self.settle()
        self.integrate(dt_us)

    def integrate(self, dt_us: int) -> None:
        """Live through this time with everything as it was at the last settle."""
        drive = self.drive
        while drive is not None and drive.next_us is not None:
            row_us = drive.next_us - self.now_us
            if row_us > dt_us:
                break
            self._integrate(row_us)
            dt_us -= row_us
            drive.to(self.now_us)
            self._solve(0)
        self._integrate(dt_us)

    def _switches_now(self) -> int:
        return (
            (CHG if self.chg_on or self.welded_chg else 0)
            | (DSG if self.dsg_on or self.welded_dsg else 0)
            | (PDSG if self.pdsg_on else 0)
            | (PCHG if self.pchg_on else 0)
            | (LIFT if self.load_detect else 0)
            | (CUT if self.contactor_open else 0)
        )

    def _latch(self, switches: int) -> None:
        opened = self._switches & ~switches
        if opened & CHG:
            self.worst.note_opening(self.now_us, "chg")
        if opened & DSG:
            self.worst.note_opening(self.now_us, "dsg")
        self._switches = switches
        self.circuit.set_switches(switches)
        self.outside.changed = False

    def _integrate(self, dt_us: int) -> None:
        if dt_us <= 0:
            return
        self.now_us += dt_us
        self._solve(dt_us)
        amps = self.current_a
        if amps != 0.0:
            dt_s = dt_us * 1.0e-6
            if amps > 0.0:
                self.charged_ah += amps * dt_s / 3600.0
            else:
                self.discharged_ah -= amps * dt_s / 3600.0
            self._square_a2s += amps * amps * dt_s
            self._fet_j += self.circuit.fet_watts() * dt_s
        self._heat_us += dt_us
        if self._heat_us >= _HEAT_US:
            self._warm(self._heat_us * 1.0e-6)
            self._heat_us = 0

    def _solve(self, dt_us: int) -> None:
        """Circuit and cells for one step; 0: the present moment."""
        dt_s = dt_us * 1.0e-6
        cells = self.cells
        drive = self.drive
        if drive is None:
            cells.prepare(dt_s)
        else:
            demand_a = drive.demand_a
            if demand_a < 0.0 and self._switches & (PDSG | DSG) == PDSG:
                demand_a = 0.0  # a load starts when its voltage is up, not on the resistor
            if demand_a != self.outside.drive_a:
                self.outside.demand(demand_a)
            cells.prepare(dt_s, drive.prepare(dt_s))
            drive.move()
        amps = self.circuit.solve(max(sum(cells.source_v), 0.0), sum(cells.source_ohm), dt_s)
        cells.move(amps)
        self.current_a = amps
        self.stack_v = sum(self.cell_v)
        self.pack_v = self.ld_v = self.circuit.terminal_v
        self.worst.note(self.now_us, dt_us, self.cell_v, amps)
        if True in self._wire_open:
            self.wires.step(dt_s, self.bleed, self.cell_v)

    def _warm(self, dt_s: float) -> None:
        """Temperatures of the time since the last call, and what follows from them."""
        heat = self.heat
        if self.drive is not None:
            heat.ambient_c = self.drive.temp_c + self.ambient_shift_c
        cells = self.cells
        square_a2 = self._square_a2s / dt_s
        moved_ah = self.charged_ah + self.discharged_ah
        branch_w = HYSTERESIS_V * (moved_ah - self._warm_ah) * 3600.0 / dt_s
        self._warm_ah = moved_ah
        node_w = [0.0] * len(heat.temp_c)
        die_w = 0.0
        for i in range(self.cell_n):
            u1 = cells.u1[i]
            node_w[heat.node[i]] += branch_w + square_a2 * cells.r0[i] + u1 * u1 / cells.r1[i]
            die_w += self._bleed_a[i] * self.cell_v[i]
        heater_w = self.pack_v * self.pack_v / self.heater_ohm if self._heating else 0.0
        heat.step(dt_s, node_w, heater_w, self._fet_j / dt_s, die_w, self.fan_on)
        self._square_a2s = self._fet_j = 0.0
        self._follow_temps()

    def _follow_temps(self) -> None:
        """Let resistances, leaks and records follow temperature and voltage."""
        heat = self.heat
        temps = heat.temp_c
        for i in range(self.cell_n):
            self.cells.set_temp(i, temps[heat.node[i]])
        if self.drive is not None:
            self.drive.cell.set_temp(0, sum(temps) / len(temps) - self.ambient_shift_c)
        self._set_extra()
        self.heat.show(self.temp_c, self.ntc_open, self.ntc_short)
        self.worst.note_temps(temps)

    def _set_extra(self) -> None:
        """Currents of each cell besides the string's: leak, electronics, bleed resistor."""
        cells = self.cells
        wires = self.wire_open
        for i in range(self.cell_n):
            bleeds = self.bleed[i] and not wires[i] and not wires[i + 1]
            bleed_a = self._bleed_a[i] = self.cell_v[i] / self.bleed_ohm if bleeds else 0.0
            cells.extra_a[i] = -(cells.leak_a[i] + self.own_ma / 1000.0 + bleed_a)
        if self.drive is not None:
            # the recording does not know of our electronics: the reference carries them too
            leak_a = sum(cells.leak_a) / self.cell_n
            self.drive.cell.extra_a[0] = -(leak_a + self.own_ma / 1000.0)
