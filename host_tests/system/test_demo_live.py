"""The demo to be watched: mischief trips the real firmware, and only our own page may make it."""

import asyncio
import json

import pytest
from aiohttp import WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from bms.bits import REQ_CLEAR
from demo import web
from demo.life import SOURCES
from demo.problem import Problem
from demo.runner import Runner
from demo.session import Session
from demo.state import about, build


def settled(**more):
    """A runner whose pack is in RUN."""
    runner = Runner(Session(soc=0.5, **more), None)
    run_until(runner, lambda: runner.session.now_s > 5)
    return runner


def run_until(runner, condition, seconds=60):
    end_s = runner.session.now_s + seconds
    while not condition() and runner.session.now_s < end_s:
        runner.session.step()
        runner.life.step()
    assert condition()


def test_the_state_is_json_and_tells_a_fault_in_words():
    runner = settled()
    json.dumps(about(runner))
    assert build(runner)["mode"] == "run" and build(runner)["faults"] == []
    runner.command({"do": "mischief", "name": "hot_cell", "on": True})
    run_until(runner, lambda: build(runner)["mode"] == "fault", 200)
    state = json.loads(json.dumps(build(runner)))
    words = [fault["words"] for fault in state["faults"]]
    assert any(w.startswith("too hot to discharge: sensor 1 at 6") for w in words), words
    assert "limit 60.0 °C" in " ".join(words)
    assert state["mischief"] == ["hot_cell"]
    assert len(state["cells"]) == 16 and state["limits"]["dcl_ma"] == 0


def test_every_mischief_can_be_made_and_ended():
    runner = settled()
    for one in about(runner)["mischief"]:
        runner.command({"do": "mischief", "name": one["name"], "on": True})
        runner.session.step()
        runner.command({"do": "mischief", "name": one["name"], "on": False})
    assert runner.active == set()


def test_a_frozen_interpreter_is_reset_by_its_watchdog_and_runs_again():
    runner = settled()
    runner.command({"do": "mischief", "name": "frozen_interpreter", "on": True})
    run_until(runner, lambda: runner.session.resets == 1)
    runner.slice(0.2)
    assert runner.active == set()
    run_until(runner, lambda: build(runner)["mode"] == "run")


def test_the_charger_obeys_and_the_load_comes_and_goes():
    runner = settled()
    runner.command({"do": "source", "name": "charge"})
    run_until(runner, lambda: runner.session.pack.snap.pack_ma > 40000)
    runner.command({"do": "source", "name": "load"})
    run_until(runner, lambda: runner.session.pack.snap.pack_ma < -4000)
    runner.command({"do": "source", "name": "rest"})
    run_until(runner, lambda: abs(runner.session.pack.snap.pack_ma) < 200)
    assert runner.session.trip_n == 0, runner.session.trips


@pytest.mark.parametrize(
    "wish",
    [
        None,
        [],
        {},
        {"do": "reboot"},
        {"do": "mischief"},
        {"do": "mischief", "name": ["short"], "on": True},
        {"do": "source", "name": "sun"},
        {"do": "source", "name": {}},
        {"do": "speed", "name": 0},
        {"do": "speed", "name": True},
        {"do": "speed", "name": "max"},
        {"do": "request", "name": "shutdown"},
        {"do": "request", "name": []},
        {"do": ["mischief"]},
    ],
)
def test_a_wish_that_is_none_changes_nothing(wish):
    runner = Runner(Session(soc=0.5), 1)
    with pytest.raises(Problem):
        runner.command(wish)
    assert (runner.active, runner.life.source, runner.speed) == (set(), SOURCES[0], 1)


def on_page(runner, visit, **headers):
    """Open the page's WebSocket with these headers and let `visit(client, socket)` use it."""

    async def run():
        async with TestClient(TestServer(web.make_app(runner), host=web.HOST)) as client:
            own = f"http://{web.HOST}:{client.port}"
            async with client.ws_connect("/ws", headers={"Origin": own, **headers}) as socket:
                return await visit(client, socket)

    return asyncio.run(run())


def test_mischief_through_the_web_socket_trips_the_firmware():
    runner = settled()

    async def visit(_client, socket):
        assert (await socket.receive_json())["about"]["cell_n"] == 16
        await socket.send_json({"do": "mischief", "name": "short", "on": True})
        await socket.send_json({"do": "nonsense"})
        problem = {}
        while "problem" not in problem:
            problem = await socket.receive_json()
        run_until(runner, lambda: runner.session.trips["scd"] == 1, 2)
        while True:
            state = (await socket.receive_json())["state"]
            if state["faults"]:
                return state

    state = on_page(runner, visit)
    assert state["faults"][0]["words"] == "short circuit" and state["mischief"] == ["short"]
    assert not any(fet["conducts"] for fet in state["fets"])
    assert not runner.session.sim.plant.dsg_on


def test_a_request_to_clear_reaches_the_firmware():
    runner = settled()
    runner.command({"do": "request", "name": "clear"})
    assert runner.session.pack.take_requests() == REQ_CLEAR


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:1", "null", ""])
def test_a_foreign_origin_is_refused(origin):
    with pytest.raises(WSServerHandshakeError, match="403"):
        on_page(Runner(Session(soc=0.5), 1), None, Origin=origin)


def test_a_foreign_host_name_is_refused_and_the_page_is_served_to_our_own():
    async def visit(client, _socket):
        foreign = await client.get("/state", headers={"Host": f"evil.example:{client.port}"})
        own = [await client.get(path) for path in ("/", "/page.js", "/page.css", "/state")]
        return foreign.status, [answer.status for answer in own], own[0].headers

    foreign, own, headers = on_page(Runner(Session(soc=0.5), 1), visit)
    assert foreign == 403 and own == [200] * 4
    assert "default-src 'self'" in headers["Content-Security-Policy"]
