"""`monitor`: a full screen of one board, or a line of JSON for each reading."""

import json
import os
import sys
import time
from collections import deque

import click

from btlink import native
from cellwarden import words
from cellwarden.common import as_json, on_board
from cellwarden.problem import Lost
from cellwarden.screen import EVENTS as _EVENTS
from cellwarden.screen import MARKS

_FRAMES = 60  # the board tells so many, then wants to be asked again
_RENEW_S = 5
_SILENT_S = 6
_DEAD_S = 15


class Watch:
    """What a watched board has told so far."""

    def __init__(self, board):
        self._board = board
        self.who = board.who()
        self.live = None
        self.rows = []
        self.events = deque(maxlen=_EVENTS)
        self.readings = 0
        self.line = "connected"
        self._renew_s = self._heard_s = 0.0
        self._read_s = time.monotonic()

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

    def must_live(self) -> None:
        """Nobody looks at a program's line: it ends when no reading comes any more."""
        if time.monotonic() - self._read_s > _DEAD_S * self._board.patience:
            raise Lost("no readings come: look at `cellwarden status` and the cable")

    def _take(self, kind: int, data: bytes) -> bool:
        if kind == native.TOLD_LIVE:
            self.live = native.live(data)
            self.readings += 1
            self._read_s = time.monotonic()
            return True
        if kind == native.TOLD_FAULTS:
            self.rows = native.faults(data)
        elif kind == native.TOLD_EVENT:
            self.events.append(words.event(data))
        return False

    def status(self) -> dict:
        found = words.status(self.live, self.rows, self._board.about, self.who)
        about = self._board.about
        found["marks"] = {name: about.get(name, 0) for name in MARKS}
        return found | {"line": self.line, "events": list(self.events)}


@click.command(short_help="A full screen of the board, until Ctrl-C.")
@click.option(
    "-n",
    "count",
    type=click.IntRange(min=0),
    default=0,
    help="end after so many readings; 0: at Ctrl-C",
)
@on_board
@as_json
def monitor(count, target, as_json):
    """Cells, current, charge, faults and events of a board, on the whole screen. Ctrl-C ends it."""
    with target.board() as board:
        watch = Watch(board)
        watch.begin()
        try:
            (_tell if as_json or not _has_screen() else _show)(watch, count, as_json)
        except KeyboardInterrupt:
            board.asked(native.WATCH, bytes(3))
    return 0


def _has_screen() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _tell(watch, count: int, as_json: bool) -> None:
    while not count or watch.readings < count:
        if not watch.step():
            watch.must_live()
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

    from cellwarden.screen import draw

    with Live(screen=True, auto_refresh=False) as screen:
        drawn = 0.0
        while not count or watch.readings < count:
            news = watch.step()
            if watch.live and (news or time.monotonic() - drawn > 1):
                drawn = time.monotonic()
                screen.update(draw(watch.status()), refresh=True)
