"""The recorder of physical truth: the worst that ever happened to the pack, for scenarios to assert on."""

_OPENINGS_MAX = 1000


class Excursion:
    """Extremes since the last `reset`. Times are the plant's, in us."""

    def __init__(self):
        self.watch_a = 1.0e9  # `over_us` counts currents beyond this, either way
        self._low_c = 999.0
        self._high_c = -273.0
        self.reset(0)

    def reset(self, now_us: int) -> None:
        """Forget everything before this moment."""
        self.since_us = now_us
        self.cell_v_max = -1.0
        self.cell_v_max_i = -1
        self.cell_v_min = 99.0
        self.cell_v_min_i = -1
        self.cell_v_min_us = now_us
        self.charge_a_max = 0.0
        self.discharge_a_max = 0.0
        self.peak_us = now_us  # when the largest current of either sign was first seen
        self.over_us = 0  # longest unbroken time beyond `watch_a`
        self._over_now_us = 0
        self.cold_ah = 0.0  # charged into the cells while a node was below 0 degC
        self.cold = False  # a node is below 0 degC now
        self.temp_max_c = self._high_c
        self.temp_min_c = self._low_c
        self.openings = []  # (us, "chg" or "dsg"): FETs that stopped conducting, the first thousand

    def note(self, now_us: int, dt_us: int, volts, amps: float) -> None:
        """One solved step: it ended now."""
        if self.cold and amps > 0.0:
            self.cold_ah += amps * dt_us / 3.6e9
        high = max(volts)
        if high > self.cell_v_max:
            self.cell_v_max = high
            self.cell_v_max_i = volts.index(high)
        low = min(volts)
        if low < self.cell_v_min:
            self.cell_v_min = low
            self.cell_v_min_i = volts.index(low)
            self.cell_v_min_us = now_us
        size = amps if amps > 0.0 else -amps
        if size > self.charge_a_max and size > self.discharge_a_max:
            self.peak_us = now_us - dt_us
        if amps > self.charge_a_max:
            self.charge_a_max = amps
        elif -amps > self.discharge_a_max:
            self.discharge_a_max = -amps
        if size > self.watch_a:
            self._over_now_us += dt_us
            self.over_us = max(self.over_us, self._over_now_us)
        else:
            self._over_now_us = 0

    def note_temps(self, temps) -> None:
        """The cell nodes, once per thermal step."""
        self._low_c = min(temps)
        self._high_c = max(temps)
        self.cold = self._low_c < 0.0
        self.temp_max_c = max(self.temp_max_c, self._high_c)
        self.temp_min_c = min(self.temp_min_c, self._low_c)

    def note_opening(self, now_us: int, name: str) -> None:
        """A FET stopped conducting."""
        if len(self.openings) < _OPENINGS_MAX:
            self.openings.append((now_us, name))

    def opened_after(self, name: str, since_us: int):
        """Time from a moment to the first opening of this FET after it, us; None: it never opened."""
        for us, opened in self.openings:
            if opened == name and us >= since_us:
                return us - since_us
        return None

    def words(self) -> str:
        """The worst, for people."""
        text = f"cells {self.cell_v_min:.3f} V (cell {self.cell_v_min_i + 1})"
        text += f" .. {self.cell_v_max:.3f} V (cell {self.cell_v_max_i + 1})"
        text += f", current -{self.discharge_a_max:.1f} .. +{self.charge_a_max:.1f} A"
        if self.watch_a < 1.0e9:
            text += f", beyond {self.watch_a:.0f} A for {self.over_us} us"
        text += f", {self.temp_min_c:.1f} .. {self.temp_max_c:.1f} degC"
        text += f", {self.cold_ah * 1000:.1f} mAh charged below 0 degC"
        return text + f", {len(self.openings)} FET openings"
