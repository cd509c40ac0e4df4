"""Serves the dashboard with the demo behind it: static files, one WebSocket, this machine only.

Host and Origin are checked on every request, so that neither a foreign page nor a name that was
pointed at 127.0.0.1 can read the pack or make mischief.
"""

import asyncio
import contextlib
from pathlib import Path

from aiohttp import WSMsgType, web

from demo.gate import Gate
from demo.problem import Problem
from demo.state import about, build
from demo.wishes import Wishes

HOST = "127.0.0.1"
_PUSH_S = 0.2
_MESSAGE_MAX = 4096
_FOLDER = Path(__file__).resolve().parent.parent / "dashboard"
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_PLAIN = b'<html lang="en">'  # what says to the page that a demo is behind it
_WITH_DEMO = b'<html lang="en" data-demo="ws">'
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",  # beside the page's own
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_RUNNER = web.AppKey("runner", object)
_GATE = web.AppKey("gate", Gate)
_SOCKETS = web.AppKey("sockets", set)


def make_app(runner, gate=None) -> web.Application:
    """Routes around a runner."""
    app = web.Application(middlewares=[_only_local])
    app[_RUNNER] = runner
    app[_GATE] = gate or Gate()
    app[_SOCKETS] = set()
    for path, file in page_files().items():
        app.router.add_get(path, _giver(file))
    app.router.add_get("/state", _state)
    app.router.add_get("/ws", _socket)
    app.on_shutdown.append(_close_sockets)
    return app


def page_files() -> dict:
    """Address of every file of the page."""
    files = [file for file in sorted(_FOLDER.rglob("*")) if file.suffix in _KINDS]
    found = {"/" + file.relative_to(_FOLDER).as_posix(): file for file in files}
    return {"/": found["/index.html"], **found}


async def serve(runner, port: int, tries: int):
    """Start on this port or one of the next; -> (what to clean up, port)."""
    site_runner = web.AppRunner(make_app(runner), access_log=None, shutdown_timeout=1.0)
    await site_runner.setup()
    for number in range(port, min(port + tries, 65536)):
        try:
            await web.TCPSite(site_runner, HOST, number).start()
        except OSError:
            continue
        return site_runner, number
    await site_runner.cleanup()
    raise Problem(f"port {port} of {HOST} is in use: choose another with --port, or --no-web")


def is_local(host: str) -> bool:
    """Is this what the page is called on this machine?"""
    return host.rsplit(":", 1)[0] in (HOST, "localhost")


@web.middleware
async def _only_local(request, handler):
    origin = request.headers.get("Origin")
    if not is_local(request.host) or (origin is not None and origin != f"http://{request.host}"):
        raise web.HTTPForbidden(text="only pages of this machine may ask")
    response = await handler(request)
    if not response.prepared:
        response.headers.update(_HEADERS)
    return response


def _giver(file):
    async def give(_request):
        body = file.read_bytes()
        if file.suffix == ".html":
            body = body.replace(_PLAIN, _WITH_DEMO, 1)
        charset = None if file.suffix == ".png" else "utf-8"
        return web.Response(body=body, content_type=_KINDS[file.suffix], charset=charset)

    return give


async def _state(request):
    return web.json_response(build(request.app[_RUNNER]))


async def _socket(request):
    """Push the state; take wishes."""
    if "Origin" not in request.headers:  # every browser sends one
        raise web.HTTPForbidden(text="only pages of this machine may ask")
    runner = request.app[_RUNNER]
    socket = web.WebSocketResponse(heartbeat=20, max_msg_size=_MESSAGE_MAX)
    await socket.prepare(request)
    request.app[_SOCKETS].add(socket)
    gate = request.app[_GATE]
    pusher = asyncio.create_task(_push(socket, runner, gate))
    wishes = Wishes(runner, gate)
    try:
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await socket.send_json(wishes.answer(message.data))
    finally:
        pusher.cancel()
        request.app[_SOCKETS].discard(socket)
    return socket


async def _push(socket, runner, gate) -> None:
    with contextlib.suppress(ConnectionError):
        await socket.send_json({"about": {**about(runner), "key": gate.shown()}})
        while True:
            await socket.send_json({"state": build(runner)})
            await asyncio.sleep(_PUSH_S)


async def _close_sockets(app) -> None:
    for socket in set(app[_SOCKETS]):
        await socket.close(code=1001)
