"""The demo to be watched: mischief trips the real firmware, and only our own page may make it."""

import asyncio
import hashlib
import hmac
import json

import pytest
from aiohttp import WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from bms.bits import REQ_CLEAR, REQ_OFF
from demo import web
from demo.gate import Gate
from demo.life import SOURCES
from demo.problem import Problem
from demo.runner import Runner
from demo.session import Session
from demo.state import about, build
from demo.wishes import Wishes

KEY = bytes(range(16))


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


class Visitor:
    """A page of the demo that may know the key."""

    def __init__(self, gate, key=KEY):
        self.runner = Runner(Session(soc=0.5), 1)
        self._key = key
        self._wishes = Wishes(self.runner, gate)
        self._nonces = b""

    def ask(self, **message):
        return self._wishes.answer(json.dumps(message))

    def proof(self, *parts):
        return hmac.new(self._key, b"".join(parts), hashlib.sha256).hexdigest()[:32]

    def challenge(self):
        answer = self.ask(do="challenge", nonce="77" * 8)
        self._nonces = bytes.fromhex(answer.get("challenge", "")) + b"\x77" * 8
        return answer

    def unlock(self):
        return self.ask(do="unlock", proof=self.proof(b"cellwarden unlock", self._nonces))

    def request(self, name, counter, changed=()):
        proof = self.proof(b"cellwarden do", self._nonces, f"{counter} {name}".encode())
        message = {"do": "request", "name": name, "counter": counter, "proof": proof}
        message.update(changed)
        return self.ask(**message)

    def requests(self):
        """What has reached the firmware."""
        return self.runner.session.pack.take_requests()


def test_the_pack_obeys_only_what_the_key_has_proved_and_nothing_twice():
    visitor = Visitor(Gate(KEY))
    visitor.challenge()
    assert "locked" in visitor.request("off", 1)["problem"]
    assert "unlocked" in visitor.unlock()
    assert visitor.request("off", 1) == {"accepted": True}
    assert "before" in visitor.request("off", 1)["problem"]
    assert visitor.requests() == REQ_OFF
    visitor.ask(do="lock")
    assert "locked" in visitor.request("off", 2)["problem"]


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "off"},
        {"counter": 2},
        {"proof": "00"},
        {"proof": None},
        {"counter": "1"},
        {"name": []},
    ],
)
def test_a_request_that_was_changed_on_its_way_does_nothing(changed):
    visitor = Visitor(Gate(KEY))
    visitor.challenge()
    visitor.unlock()
    assert "problem" in visitor.request("clear", 1, changed)
    assert visitor.requests() == 0


def test_a_wrong_key_costs_a_wait_that_the_right_one_has_to_bear_too():
    now_s = [100.0]
    gate = Gate(KEY, lambda: now_s[0])
    stranger, owner = Visitor(gate, b"x" * 16), Visitor(gate)
    stranger.challenge()
    assert "not the key" in stranger.unlock()["problem"]
    assert "wait 1 s" in owner.challenge()["problem"]
    now_s[0] += 1.0
    owner.challenge()
    assert "unlocked" in owner.unlock()


def test_the_readings_around_a_trip_are_kept_scan_by_scan():
    runner = settled()
    wishes = Wishes(runner, Gate(KEY))
    runner.command({"do": "mischief", "name": "short", "on": True})
    run_until(runner, lambda: runner.session.trips["scd"] == 1, 2)
    trip_s = runner.session.now_s
    run_until(runner, lambda: runner.session.now_s > trip_s + 20)
    events = build(runner)["events"]
    at = next(i for i, one in enumerate(events) if one["kind"] == "trip")
    assert [one["window"] for one in events] == [i == at for i in range(len(events))]
    number = runner.session.record_n - 1 - at
    points = wishes.answer(json.dumps({"do": "window", "n": number}))["window"]
    times = [point[0] for point in points]
    assert times[0] < trip_s < times[-1] < trip_s + 12
    assert max(b - a for a, b in zip(times, times[1:])) < 0.3, "a scan is missing"
    assert len(points[0][-1]) == 16
    assert wishes.answer('{"do": "window", "n": "x"}') == {"window": []}


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
        own = [await client.get(path) for path in ("/state", *web.page_files())]
        return foreign.status, {answer.status for answer in own}, await own[1].text()

    foreign, own, page = on_page(Runner(Session(soc=0.5), 1), visit)
    assert foreign == 403 and own == {200}
    assert "default-src 'self'" in page and 'data-demo="ws"' in page
