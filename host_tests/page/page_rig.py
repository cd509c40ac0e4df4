"""A demo to serve the dashboard, a pack behind an emulated radio, and helpers to look at a page."""

import asyncio
import functools
import http.server
import threading
from contextlib import contextmanager

from aiohttp import web as http_web

from demo import web
from demo.gate import Gate
from demo.runner import Runner
from demo.session import Session
from host_tests.page.modules import PAGE

KEY = bytes(range(16))
_PAUSE_S = 0.01
_START_S = 20


class DemoSite:
    """`make demo` in a thread: the same server, runner and firmware; `port` 0 = any."""

    def __init__(self, port: int = 0, soc: float = 0.5, paused: bool = False):
        self.runner = Runner(Session(soc=soc), None)
        self.runner.command({"do": "source", "name": "rest"})
        while self.runner.session.now_s < 6:
            self.runner.session.step()
            self.runner.life.step()
        self.runner.speed = 20
        self.gate = Gate(KEY)
        self.port = port
        self.paused = paused
        self._ready = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(_START_S)

    @property
    def url(self) -> str:
        return f"http://{web.HOST}:{self.port}/"

    async def _serve(self) -> None:
        app = web.make_app(self.runner, self.gate)
        runner = http_web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = http_web.TCPSite(runner, web.HOST, self.port, reuse_address=True)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        while not self._ends.is_set():
            if not self.paused:
                self.runner.slice()
            await asyncio.sleep(_PAUSE_S)
        await runner.cleanup()

    def stop(self) -> None:
        """The demo ends."""
        self._ends.set()
        self._thread.join(_START_S)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def static_site():
    """Address of the page on any plain web server: no demo behind it."""
    handler = functools.partial(_Quiet, directory=str(PAGE))
    server = http.server.ThreadingHTTPServer((web.HOST, 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{web.HOST}:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()
