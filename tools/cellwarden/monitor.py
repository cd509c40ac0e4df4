"""`monitor`: a full screen of one board, or a line of JSON for each reading."""

import json
import sys
import time
from collections import deque

import click

from btlink import native
from cellwarden import words
from cellwarden.common import as_json, on_board
from cellwarden.look import who
from cellwarden.problem import Lost
from demo.tui import bar

_FRAMES = 60  # the board tells so many, then wants to be asked again
_RENEW_S = 5
_SILENT_S = 6
_EVENTS = 12


class Watch:
    """What a watched board has told so far."""

    def __init__(self, board):
        self._board = board
        self.who = who(board)
        self.live = None
        self.rows = []
        self.events = deque(maxlen=_EVENTS)
        self.readings = 0
        self.line = "connected"
        self._renew_s = self._heard_s = 0.0

    def begin(self) -> None:
        """The last events first, then what happens."""
        about = self._board.about
        first = max(about.get("first_event", 0), about.get("next_event", 0) - _EVENTS)
        self.renew()
        self._board.asked(native.EVENTS, first.to_bytes(4, "little"))

    def renew(self) -> None:
        self._board.asked(native.WATCH, (500).to_bytes(2, "little") + bytes([_FRAMES]))
        self._renew_s = time.monotonic()
        self._heard_s = max(self._heard_s, self._renew_s)

    def step(self) -> bool:
        """Take in some 50 ms; was there a new reading? A line that broke is opened again."""
        now = time.monotonic()
        try:
            if now - self._renew_s > _RENEW_S:
                self.renew()
            self._board.hear()
        except Lost:
            self.line = "the line broke; trying again"
            self._board.again(60)
            self.begin()
        news = False
        while self._board.told:
            self._heard_s = now
            self.line = "connected"
            news = self._take(*self._board.told.popleft()) or news
        if now - self._heard_s > _SILENT_S:
            self.line = f"silent for {now - self._heard_s:.0f} s"
        return news

    def _take(self, kind: int, data: bytes) -> bool:
        if kind == native.TOLD_LIVE:
            self.live = native.live(data)
            self.readings += 1
            return True
        if kind == native.TOLD_FAULTS:
            self.rows = native.faults(data)
        elif kind == native.TOLD_EVENT:
            self.events.append(words.event(data))
        return False

    def status(self) -> dict:
        found = words.status(self.live, self.rows, self._board.about, self.who)
        return found | {"line": self.line, "events": list(self.events)}


@click.command()
@click.option("-n", "count", default=0, help="end after so many readings; 0: at Ctrl-C")
@on_board
@as_json
def monitor(count, target, as_json):
    """Cells, current, charge, faults and events of a board, on the whole screen. Ctrl-C ends it."""
    with target.board() as board:
        watch = Watch(board)
        watch.begin()
        try:
            (_tell if as_json or not sys.stdout.isatty() else _show)(watch, count, as_json)
        except KeyboardInterrupt:
            board.asked(native.WATCH, bytes(3))
    return 0


def _tell(watch, count: int, as_json: bool) -> None:
    while not count or watch.readings < count:
        if not watch.step():
            continue
        found = watch.status()
        if as_json:
            click.echo(json.dumps(found))
        else:
            faults = "; ".join(row["words"] for row in found["faults"]) or "no faults"
            click.echo(
                f"{words.clock(found['uptime_s'])} {found['mode']} {found['soc_pm'] / 10:.1f} % "
                f"{found['stack_mv'] / 1000:.2f} V {found['pack_ma'] / 1000:+.2f} A {faults}"
            )


def _show(watch, count: int, as_json: bool) -> None:
    from rich.live import Live

    with Live(screen=True, auto_refresh=False) as screen:
        drawn = 0.0
        while not count or watch.readings < count:
            news = watch.step()
            if watch.live and (news or time.monotonic() - drawn > 1):
                drawn = time.monotonic()
                screen.update(draw(watch.status()), refresh=True)


def draw(found: dict):
    """The whole screen of one status."""
    from rich.layout import Layout

    layout = Layout()
    layout.split_column(
        Layout(_head(found), size=5),
        Layout(name="middle", ratio=3, minimum_size=12),
        Layout(_events(found), size=_EVENTS + 2),
    )
    layout["middle"].split_row(Layout(_cells(found), ratio=3), Layout(_faults(found), ratio=2))
    return layout


def _head(found: dict):
    from rich.panel import Panel
    from rich.text import Text

    bad = found["mode"] == "fault" or bool(found.get("held"))
    text = Text(f"{found['mode']}  ", "bold red" if bad else "bold green")
    text.append(f"{found['soc_pm'] / 10:.1f} % {bar(found['soc_pm'], 0, 1000)}", "bold")
    text.append(f"  {found['stack_mv'] / 1000:.2f} V  {found['pack_ma'] / 1000:+.2f} A", "bold")
    text.append(f"\nFETs {', '.join(found['fets']) or 'none'}", "cyan")
    if found["user_off"]:
        text.append(f", locked off by hand: {', '.join(found['user_off'])}", "yellow")
    text.append(f"   charge {found['cvl_mv'] / 1000:.1f} V {found['ccl_ma'] / 1000:.0f} A")
    text.append(f", discharge {found['dcl_ma'] / 1000:.0f} A offered")
    text.append(f"\nup {words.clock(found['uptime_s'])}, {found['line']}", "dim")
    if found.get("held"):
        text.append("  FETs held off: cellwarden unlock --settings", "bold red")
    return Panel(text, title=f"{found['name']} {found.get('version', '')}")


def _cells(found: dict):
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    low, high = min(found["cells"], default=0), max(found["cells"], default=0)
    grid = Table.grid(padding=(0, 1))
    for i, mv in enumerate(found["cells"]):
        style = "cyan" if mv == high else "yellow" if mv == low else "green"
        bleeds = Text("● bleeds" if i + 1 in found["bleeding"] else "", "magenta")
        grid.add_row(f"{i + 1:2d}", Text(bar(mv, 2500, 3650), style), f"{mv / 1000:.3f}", bleeds)
    temps = ", ".join("--" if t is None else f"{t / 10:.1f}" for t in found["temps"])
    return Panel(grid, title="cells", subtitle=f"{high - low} mV apart; {temps} °C")


def _faults(found: dict):
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    lines = []
    for row in found["faults"]:
        text = f"{row['words']} ({row['state']})"
        text += f" [{' and '.join(row['blocks'])} off]" if row["blocks"] else ""
        lines.append(Text(text, "bold red" if row["blocks"] else "yellow"))
    return Panel(Group(*(lines or [Text("none", "green")])), title="faults")


def _events(found: dict):
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    lines = [
        Text(f"{e['t_s']:>12.2f} s  {e['words']}", no_wrap=True) for e in reversed(found["events"])
    ]
    return Panel(Group(*lines), title="events, the last first")
