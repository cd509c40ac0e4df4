"""Errors of an estimate in points of SoC."""

import numpy as np


def score(t_s, truth, estimate, low=None, high=None, from_s=0.0):
    """RMSE, maximum, error at 1 h, where the truth first reaches 20 %, at the end, coverage."""
    use = t_s - t_s[0] >= from_s
    error = (estimate - truth)[use]
    weight = np.gradient(t_s[use])
    found = {
        "rmse": float(np.sqrt(np.average(error**2, weights=weight))),
        "max": float(abs(error).max()),
        "at_1h": _at(t_s[use] - t_s[0] >= from_s + 3600, error),
        "at_20pct": _at((truth[use] <= 20.0) & (truth[use][0] > 20.0), error),
        "end": float(abs(error[-1])),
    }
    if low is not None:
        holds = (low[use] <= truth[use]) & (truth[use] <= high[use])
        found["coverage"] = float(np.average(holds, weights=weight))
        found["width"] = float(np.average(high[use] - low[use], weights=weight))
    return found


def _at(when, error):
    k = int(np.argmax(when))
    return float(abs(error[k])) if when.any() else None


def summary(scores):
    """{metric: (median, worst)} over several runs; of coverage the lowest is the worst."""
    out = {}
    for metric in ("rmse", "max", "at_1h", "at_20pct", "end", "coverage", "width"):
        values = [one[metric] for one in scores if one.get(metric) is not None]
        if values:
            worst = min(values) if metric == "coverage" else max(values)
            out[metric] = (round(float(np.median(values)), 3), round(worst, 3))
    return out
