"""What people connect to the terminals. Everything may be there together."""

_BLEEDER_OHM = 1.0e6


class Outside:
    """Charger, loads and trouble at the PACK terminal; `changed` asks the plant to settle."""

    def __init__(self, capacity_ah: float, heater_ohm: float):
        self.changed = True
        # charger: voltage behind its output resistance, limited in current
        self.charger_v = 0.0
        self.charger_a = 0.0  # 0 = not there
        self.charger_ohm = 2.0 / capacity_ah
        # loads
        self.load_a = 0.0  # constant current, with the overload and a discharging trace
        self.load_w = 0.0  # constant power
        self.load_cut_v = 1.0  # below it a constant-power load is a resistor
        self.load_s = 1.0 / _BLEEDER_OHM  # everything ohmic
        self.cap_f = 0.0  # input capacitors of the load
        self.cap_v = 0.0
        self.cap_esr_ohm = 0.005
        # demand of a recorded trace: a current source either way
        self.drive_a = 0.0
        self.drive_top_v = 0.0
        self.short_ohm = 0.0
        self.overload_a = 0.0
        self.rogue = None
        self._amps = 0.0
        self._ohm = 0.0
        self._charger = (0.0, 0.0)
        self._heater_ohm = heater_ohm
        self._heating = False

    def attach(self, volts: float, amps: float) -> None:
        """A CC/CV charger with these limits."""
        self._charger = (volts, amps)
        self._add_up()

    def detach(self) -> None:
        """Take the charger away."""
        self.attach(0.0, 0.0)

    def load(self, amps=0.0, watts=0.0, ohms=0.0, farads=0.0, cut_v=30.0) -> None:
        """Connect exactly this load, 0 = without; capacitors that were not there come empty."""
        self._amps = amps
        self.load_w = watts
        self.load_cut_v = cut_v
        self._ohm = ohms
        if farads != self.cap_f:
            self.cap_v = 0.0
        self.cap_f = farads
        self._add_up()

    def short(self, ohms: float) -> None:
        """A short circuit beside the load; 0 takes it away."""
        self.short_ohm = ohms
        self._add_up()

    def overload(self, amps: float) -> None:
        """A further constant-current load, besides what `load` or a trace wants."""
        self.overload_a = amps
        self._add_up()

    def go_rogue(self, limits) -> None:
        """(volts, amps) of a charger in the place of the right one; None brings that back."""
        self.rogue = limits
        self._add_up()

    def heat(self, on: bool) -> None:
        """The cell heater, which hangs on the terminals like any load."""
        self._heating = on
        self._add_up()

    def demand(self, amps: float) -> None:
        """What a trace wants now, + = charging."""
        self.drive_a = amps
        self._add_up()

    def _add_up(self) -> None:
        self.charger_v, self.charger_a = self._charger if self.rogue is None else self.rogue
        self.load_a = self._amps + self.overload_a
        if self.drive_a < 0.0:
            self.load_a -= self.drive_a
        total = 1.0 / _BLEEDER_OHM
        for ohm in (self._ohm, self.short_ohm, self._heater_ohm if self._heating else 0.0):
            if ohm > 0.0:
                total += 1.0 / ohm
        self.load_s = total
        self.changed = True
