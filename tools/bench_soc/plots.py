"""Pictures to look at: truth, estimates, interval, and the error below."""

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def draw(folder, run, name, case, curves):
    """One PNG of one case."""
    folder.mkdir(parents=True, exist_ok=True)
    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 6))
    hours = (run.t_s - run.t_s[0]) / 3600
    above.plot(hours, run.soc_pct, "k", lw=1, label="truth")
    for method, curve in curves.items():
        (line,) = above.plot(hours, curve[0], lw=1, label=method)
        below.plot(hours, curve[0] - run.soc_pct, lw=1, color=line.get_color())
        if method == "cellwarden":
            above.fill_between(hours, curve[1], curve[2], alpha=0.2, color=line.get_color())
    above.set_ylabel("SoC in %")
    above.set_title(f"{case}  {run.name}  {name}")
    above.legend(loc="best", fontsize=8)
    below.axhline(0, color="k", lw=0.5)
    below.set_ylim(-15, 15)
    below.set_ylabel("error, points")
    below.set_xlabel("h")
    figure.tight_layout()
    figure.savefig(folder / f"{case}-{run.name}-{name}.png", dpi=90)
    pyplot.close(figure)
