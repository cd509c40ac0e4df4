"""What the estimator has to beat: plain counting, and the three-state Kalman filter of text books."""

import numpy as np


def count(t_s, ma, start_pct, capacity_ah):
    """SoC in % by counting alone, stopped at both ends."""
    soc = start_pct
    out = np.empty(len(t_s))
    part = 100.0 / 3.6e6 / capacity_ah
    before = t_s[0]
    for k in range(len(t_s)):
        soc = min(max(soc + ma[k] * (t_s[k] - before) * part, 0.0), 100.0)
        before = t_s[k]
        out[k] = soc
    return out


class Ekf:
    """SoC and two RC pairs, resistances by temperature as a data sheet would give them.

    Tuned as text books do: 5 mV of measurement noise, process noise of 1e-3 C. Its resistances are
    the run's own median step, so it knows more than firmware may.
    """

    def __init__(self, table, r_ohm, capacity_ah, start_pct, sigma_pct):
        self._soc = table.soc_pct / 100
        self._ocv = table.mean_mv / 1000
        self._slope = np.gradient(self._ocv, self._soc)
        self._r0, self._r = 0.9 * r_ohm, np.array([0.3 * r_ohm, 0.5 * r_ohm])
        self._tau = np.array([10.0, 300.0])
        self._as = capacity_ah * 3600
        self.x = np.array([start_pct / 100, 0.0, 0.0])
        self.p = np.diag([(sigma_pct / 100) ** 2, 1e-6, 1e-6])

    def step(self, amps, volts, dt_s):
        """One prediction and one correction."""
        keep = np.exp(-dt_s / self._tau)
        x, p = self.x, self.p
        f = np.array([1.0, keep[0], keep[1]])
        x = f * x
        x[0] += amps * dt_s / self._as
        x[1:] += (1 - keep) * self._r * amps
        p = p * np.outer(f, f)
        p[0, 0] += (1e-3 * dt_s / 3600) ** 2 + 1e-12 * dt_s
        p[1, 1] += 1e-8 * dt_s
        p[2, 2] += 1e-8 * dt_s
        soc = min(max(x[0], 0.0), 1.0)
        h = np.array([np.interp(soc, self._soc, self._slope), 1.0, 1.0])
        error = volts - np.interp(soc, self._soc, self._ocv) - x[1] - x[2] - self._r0 * amps
        ph = p @ h
        gain = ph / (h @ ph + 25e-6)
        self.x = x + gain * error
        self.x[0] = min(max(self.x[0], 0.0), 1.0)
        self.p = p - np.outer(gain, ph)


def filter_run(t_s, ma, mv, table, capacity_ah, start_pct, sigma_pct):
    """SoC in % and its standard deviation by the filter."""
    ekf = Ekf(table, step_ohm(t_s, ma, mv), capacity_ah, start_pct, sigma_pct)
    soc, sigma = np.empty(len(t_s)), np.empty(len(t_s))
    before = t_s[0]
    for k in range(len(t_s)):
        ekf.step(ma[k] / 1000, mv[k] / 1000, t_s[k] - before)
        before = t_s[k]
        soc[k] = ekf.x[0]
        sigma[k] = ekf.p[0, 0] ** 0.5
    return soc * 100, sigma * 100


def step_ohm(t_s, ma, mv):
    """Median resistance over the larger current steps between neighbouring rows."""
    di, dv = np.diff(ma), np.diff(mv)
    use = abs(di) > 0.3 * max(abs(di).max(), 1.0)
    return float(np.clip(np.median(dv[use] / di[use]), 1e-4, 1.0)) if use.any() else 0.01
