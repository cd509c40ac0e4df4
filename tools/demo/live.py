"""The demo to be watched: simulation, terminal view and web page in one event loop."""

import asyncio
import contextlib
import signal
import sys
import time

from demo import tui, web
from demo.runner import Runner
from demo.session import Session
from demo.state import about, build, last
from demo.summary import in_words, summarise, write_json

_PORT = 8123
_PORT_TRIES = 50
_DRAW_S = 0.25
_START_SOC = 0.93  # soon full: the balancing at the top is what takes patience to see


def run(options, values, trace) -> int:
    """Watch until Ctrl-C, or until the trace or `--seconds` is over."""
    runner = make_runner(options, values, trace)
    for words in runner.session.warnings():
        print(words, file=sys.stderr)
    began_s = time.monotonic()
    asyncio.run(_watch(runner, options))
    ended = runner.end_us is None or runner.session.sim.world.now_us >= runner.end_us
    result = summarise(runner.session, time.monotonic() - began_s, ended)
    print(in_words(result))
    if options.json:
        write_json(options.json, result)
    return 0


def make_runner(options, values, trace) -> Runner:
    """A pack that lives on a trace, or between a charger and a load."""
    end_us = None if trace is None else trace.duration_us
    if options.seconds is not None:
        end_us = int(options.seconds * 1e6)
    if trace is not None:
        return Runner(
            Session(values, trace, options.seed, trace_ah=options.cell_ah), options.speed, end_us
        )
    session = Session(values, None, options.seed, soc=_START_SOC)
    session.pack.soc.set(int(_START_SOC * 1000))  # as a pack would know that was not just built
    return Runner(session, options.speed, end_us)


async def _watch(runner, options) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, runner.stop)
    site = url = None
    if not options.no_web:
        first, tries = (options.port, 1) if options.port else (_PORT, _PORT_TRIES)
        site, port = await web.serve(runner, first, tries)
        url = f"http://{web.HOST}:{port}/"
    _serve_jbd(runner)
    teller = None
    if not sys.stdout.isatty() or options.no_tui:
        teller = _Teller(runner, url)
    view = asyncio.create_task(_draw(runner, url) if teller is None else teller.run())
    try:
        await runner.run()
    finally:
        view.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await view
        if teller is not None:
            teller.poll()
        if site is not None:
            await site.cleanup()


def _serve_jbd(runner) -> None:
    """A serial port of the firmware as a PTY: any JBD tool can open it. Not every system has PTYs."""
    try:
        from bms.report.jbd_slave import JbdSlave
        from jbd_pty import PtyServer
    except ImportError:
        return
    session = runner.session
    server = PtyServer(JbdSlave(session.pack))
    served = [session.pack]

    def poll() -> None:
        if served[0] is not session.pack:  # the firmware was reset
            served[0] = session.pack
            server.slave = JbdSlave(session.pack)
        server.poll()

    runner.jbd_path = server.path
    runner.polls.append(poll)


async def _draw(runner, url) -> None:
    """The terminal view, a few times a second."""
    from rich.live import Live

    with Live(screen=True, auto_refresh=False) as live:
        while True:
            live.update(tui.draw(build(runner), about(runner), url), refresh=True)
            await asyncio.sleep(_DRAW_S)


class _Teller:
    """Without a terminal: where the page is, then one line an event."""

    def __init__(self, runner, url):
        self._session = runner.session
        self._told_n = 0
        print(f"{runner.session.pack.name}: {url or 'no web page'}", flush=True)
        if runner.jbd_path:
            print(f"JBD tools: open {runner.jbd_path}", flush=True)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.poll()
            await asyncio.sleep(_DRAW_S)

    def poll(self) -> None:
        """Tell what is new."""
        session = self._session
        for record in last(session.records, session.record_n - self._told_n):
            print(f"{record['t_s']:11.2f} s  {record['words']}", flush=True)
        self._told_n = session.record_n
