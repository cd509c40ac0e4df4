"""The web page: three static files, one WebSocket, this machine only.

Host and Origin are checked on every request, so that neither a foreign page nor a name that was
pointed at 127.0.0.1 can read the pack or make mischief.
"""

import asyncio
import contextlib
import json
from pathlib import Path

from aiohttp import WSMsgType, web

from demo.problem import Problem
from demo.state import about, build

HOST = "127.0.0.1"
_PUSH_S = 0.2
_MESSAGE_MAX = 4096
_FOLDER = Path(__file__).resolve().parent
_FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_RUNNER = web.AppKey("runner", object)
_SOCKETS = web.AppKey("sockets", set)


def make_app(runner) -> web.Application:
    """Routes around a runner."""
    app = web.Application(middlewares=[_only_local])
    app[_RUNNER] = runner
    app[_SOCKETS] = set()
    for path in _FILES:
        app.router.add_get(path, _file)
    app.router.add_get("/state", _state)
    app.router.add_get("/ws", _socket)
    app.on_shutdown.append(_close_sockets)
    return app


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


async def _file(request):
    name, kind = _FILES[request.path]
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=kind, charset="utf-8")


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
    pusher = asyncio.create_task(_push(socket, runner))
    try:
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await _obey(socket, runner, message.data)
    finally:
        pusher.cancel()
        request.app[_SOCKETS].discard(socket)
    return socket


async def _push(socket, runner) -> None:
    with contextlib.suppress(ConnectionError):
        await socket.send_json({"about": about(runner)})
        while True:
            point = runner.history[-1] if runner.history else None
            await socket.send_json({"state": build(runner), "point": point})
            await asyncio.sleep(_PUSH_S)


async def _obey(socket, runner, text: str) -> None:
    try:
        runner.command(json.loads(text))
    except (Problem, ValueError, RecursionError) as problem:
        await socket.send_json({"problem": str(problem)})


async def _close_sockets(app) -> None:
    for socket in set(app[_SOCKETS]):
        await socket.close(code=1001)
