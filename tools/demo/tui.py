"""The terminal view: one screen, drawn from the state alone."""

from rich.console import Group
from rich.layout import Layout
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from demo.readable import fet_words, stopped

_BLOCKS = " ▏▎▍▌▋▊▉█"
_BAR_N = 18
_LEVELS = {"bad": "bold red", "warn": "yellow", "good": "green", "info": "dim"}
_FAULT_MODES = ("fault", "charge only", "discharge only")


def bar(value: float, low: float, high: float, width: int = _BAR_N) -> str:
    """A horizontal bar in eighths of a character."""
    part = min(max((value - low) / max(high - low, 1), 0.0), 1.0)
    eighths = round(part * width * 8)
    text = "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()
    return text.ljust(width)


def draw(state: dict, about: dict, url: str) -> Layout:
    """The whole screen."""
    layout = Layout()
    layout.split_column(
        Layout(_header(state, about, url), size=4),
        Layout(name="middle", ratio=3, minimum_size=14),
        Layout(_events(state), ratio=2),
    )
    layout["middle"].split_row(Layout(_cells(state, about), ratio=3), Layout(name="side", ratio=2))
    layout["side"].split_column(Layout(_numbers(state), size=10), Layout(_faults(state)))
    return layout


def _header(state: dict, about: dict, url: str) -> Panel:
    run = state["run"]
    hours, seconds = divmod(int(state["t_s"]), 3600)
    now = f"{hours}:{seconds // 60:02d}:{seconds % 60:02d} simulated"
    line = Text(
        now, "bold", no_wrap=True, overflow="ellipsis"
    )  # the address below it must be seen
    wanted = "max" if run["speed"] is None else f"{run['speed']:g}x"
    line.append(f"   {run['speedup']:.0f}x real time (asked {wanted})", "cyan")
    line.append(
        f"   {run['scans']} scans, {run['trips']} trips, {run['bus_errors']} bus errors", "dim"
    )
    second = Text(url or "no web page", "underline" if url else "dim")
    if about["jbd"]:
        second.append(f"   JBD on {about['jbd']}", "dim")
    if run["progress"] is None:
        return Panel(Group(line, second), title=about["name"])
    second.append(f"   {about['trace'] or 'run'} {run['progress']:.0%} ")
    row = Table.grid(padding=(0, 1))
    row.add_row(second, ProgressBar(total=1.0, completed=run["progress"], width=24))
    return Panel(Group(line, row), title=about["name"])


def _cells(state: dict, about: dict) -> Panel:
    low, high = about["marks"]["cuv_mv"], about["marks"]["cov_mv"]
    spread = state["spread"]
    grid = Table.grid(padding=(0, 1))
    half = (len(state["cells"]) + 1) // 2
    for i in range(half):
        row = []
        for k in (i, i + half):
            if k < len(state["cells"]):
                row += _cell(k, state["cells"][k], spread, low, high)
        grid.add_row(*row)
    spread_mv = spread["max_mv"] - spread["min_mv"]
    scale = f"bars {low / 1000:.2f} .. {high / 1000:.2f} V, spread {spread_mv} mV, ● balancing"
    return Panel(Group(grid, Text(""), Text(scale, "dim")), title="cells")


def _cell(k: int, cell: dict, spread: dict, low: int, high: int) -> list:
    mv = cell["mv"]
    style = "green"
    if mv >= high or mv <= low:
        style = "bold red"
    elif k == spread["max_i"]:
        style = "cyan"
    elif k == spread["min_i"]:
        style = "yellow"
    mark = Text("●" if cell["bleeds"] else " ", "magenta")
    return [f"{k + 1:2d}", Text(bar(mv, low, high), style), Text(f"{mv / 1000:.3f}", style), mark]


def _numbers(state: dict) -> Panel:
    pack, limits = state["pack"], state["limits"]
    grid = Table.grid(padding=(0, 1))
    bad = state["mode"] in _FAULT_MODES
    grid.add_row("mode", Text(state["mode"], "bold red" if bad else "bold green"))
    on = fet_words(fet["name"] for fet in state["fets"] if fet["conducts"])
    grid.add_row("FETs on", Text(on or "none", "bold green" if on else "dim"))
    grid.add_row("SoC", f"{pack['soc_pm'] / 10:.1f} %  {bar(pack['soc_pm'], 0, 1000, 14)}")
    grid.add_row("stack", f"{pack['stack_mv'] / 1000:.2f} V")
    grid.add_row("current", f"{pack['pack_ma'] / 1000:+.1f} A")
    grid.add_row("°C", _temps(state["temps"]))
    words = f"{limits['cvl_mv'] / 1000:.1f} V, +{limits['ccl_ma'] / 1000:.0f} A"
    grid.add_row("limits", f"{words}, -{limits['dcl_ma'] / 1000:.0f} A")
    grid.add_row("mischief", Text(", ".join(state["mischief"]) or "none", "magenta"))
    return Panel(grid, title="pack")


def _temps(temps: list) -> str:
    """Cells, then the places that have a name of their own."""
    shown = ["--" if t["ddegc"] is None else f"{t['ddegc'] / 10:.0f}" for t in temps]
    named = [f"{temp['name']} {text}" for temp, text in zip(temps[-2:], shown[-2:])]
    return ", ".join([" ".join(shown[:-2]), *named])


def _faults(state: dict) -> Panel:
    lines = []
    for fault in state["faults"]:
        style = "bold red" if fault["blocks"] else "yellow"
        what = stopped(fault["blocks"])
        lines.append(Text(fault["words"] + (f"  [{what}]" if what else ""), style))
    return Panel(Group(*(lines or [Text("none", "green")])), title="faults")


def _events(state: dict) -> Panel:
    lines = [
        Text(f"{event['t_s']:>11.2f} s  {event['words']}", _LEVELS[event["level"]], no_wrap=True)
        for event in state["events"]
    ]
    return Panel(Group(*lines), title="events")
