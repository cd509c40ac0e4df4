"""The screen of `monitor`: everything of one board, drawn from its status alone; fits 80 by 24."""

import time

from cellwarden import words
from demo.readable import fet_words
from demo.tui import bar

EVENTS = 12
MARKS = ("cuv_mv", "cuv_warn_mv", "full_mv", "cov_warn_mv", "cov_mv")
_HEAD_N = 5
_FRAME_N = 2  # rows of a panel's border
_EXTREME_MV = 5  # less apart: no cell is worth a mark


def draw(found: dict, now_s: float | None = None):
    """The whole screen of one status."""
    from rich.layout import Layout

    rows = (len(found["cells"]) + 1) // 2 + 1 + _FRAME_N
    layout = Layout()
    layout.split_column(
        Layout(_head(found), size=_HEAD_N),
        Layout(name="middle", size=max(rows, 8)),
        Layout(_events(found, time.time() if now_s is None else now_s), minimum_size=4),
    )
    layout["middle"].split_row(Layout(_cells(found), ratio=3), Layout(_faults(found), ratio=2))
    return layout


def _head(found: dict):
    from rich.panel import Panel
    from rich.text import Text

    bad = found["mode"] == "fault" or bool(found["held"])
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{found['mode']}  ", "bold red" if bad else "bold green")
    text.append(f"{found['soc_pm'] / 10:.1f} % {bar(found['soc_pm'], 0, 1000, 12)} ", "bold")
    text.append(words.interval(found), "dim")
    text.append(f"  {found['stack_mv'] / 1000:.2f} V  {found['pack_ma'] / 1000:+.2f} A", "bold")
    text.append(f"\nFETs {fet_words(found['fets']) or 'none'}", "cyan")
    text.append(f"   offers {found['cvl_mv'] / 1000:.1f} V, charge {found['ccl_ma'] / 1000:.0f} A")
    text.append(f", discharge {found['dcl_ma'] / 1000:.0f} A")
    text.append(f"\nup {words.clock(found['uptime_s'])}, ", "dim")
    text.append(found["line"], "dim" if found["line"] == "connected" else "bold red")
    text.append(", Ctrl-C ends", "dim")
    if words.by_hand(found):
        text.append(f"; off by hand: {words.by_hand(found)}", "yellow")
    return Panel(text, title=f"{found['name']} {found.get('version', '')}".strip())


def _cells(found: dict):
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    cells = found["cells"]
    grid = Table.grid(padding=(0, 1))
    half = (len(cells) + 1) // 2
    for i in range(half):
        row = []
        for k in (i, i + half):
            row += _cell(found, k) if k < len(cells) else []
        grid.add_row(*row)
    temps = ", ".join("--" if t is None else f"{t / 10:.1f}" for t in found["temps"])
    low, high = min(cells, default=0), max(cells, default=0)
    note = Text("● bleeds", "magenta") if found["bleeding"] else Text("")
    return Panel(Group(grid, note), title="cells", subtitle=f"{high - low} mV apart; {temps} °C")


def _cell(found: dict, k: int) -> list:
    """Number, bar, voltage, and what is to be said of it: highest, lowest, bleeding."""
    from rich.text import Text

    cells, marks = found["cells"], found["marks"]
    mv = cells[k]
    style = "green"
    if mv >= marks["cov_mv"] or mv <= marks["cuv_mv"]:
        style = "bold red"
    elif mv >= marks["cov_warn_mv"] or mv <= marks["cuv_warn_mv"]:
        style = "yellow"
    apart = max(cells) - min(cells) >= _EXTREME_MV
    sign = "▲" if apart and mv == max(cells) else "▼" if apart and mv == min(cells) else " "
    text = Text(f"{mv / 1000:.3f}{sign}", style)
    text.append("●" if k + 1 in found["bleeding"] else " ", "magenta")
    return [f"{k + 1:2d}", Text(bar(mv, marks["cuv_mv"], marks["cov_mv"], 8), style), text]


def _faults(found: dict):
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    lines = []
    for row in found["faults"]:
        lines.append(Text(words.of_fault(row), "bold red" if row["blocks"] else "yellow"))
    lines += [Text(problem, "yellow") for problem in found["problems"]]
    return Panel(Group(*(lines or [Text("none", "green")])), title="faults and problems")


def _events(found: dict, now_s: float):
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    started_s = now_s - found["uptime_s"]
    lines = []
    for event in reversed(found["events"]):
        when = time.localtime(started_s + event["t_s"])
        form = "%H:%M:%S" if now_s - started_s - event["t_s"] < 43200 else "%m-%d %H:%M"
        style = "red" if event["kind"] in ("trip", "lock") else ""
        lines.append(
            Text(f"{time.strftime(form, when):>11}  {event['words']}", style, no_wrap=True)
        )
    return Panel(Group(*lines), title="events, the last first")
