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
from demo.gate import Gate, Lock
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


def proof(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest()


def asked(name, counter, nonce, key=KEY):
    """A request with its proof."""
    words = proof(key, f"cellwarden {name} {counter}".encode(), nonce)
    return json.dumps({"do": "request", "name": name, "counter": counter, "proof": words})


def challenged(lock):
    """A page that has asked for a challenge: its wishes, the challenge, the right answer."""
    runner = settled()
    wishes = Wishes(runner, Gate(lock))
    nonce = bytes.fromhex(wishes.answer('{"do": "challenge"}')["challenge"])
    answer = json.dumps({"do": "unlock", "answer": proof(KEY, b"cellwarden unlock", nonce)})
    return runner, wishes, nonce, answer


def test_the_pack_obeys_only_what_the_key_has_proved_and_nothing_twice():
    runner, wishes, nonce, answer = challenged(Lock(KEY))
    pack = runner.session.pack
    assert "locked" in wishes.answer(asked("off", 1, nonce))["problem"]
    assert wishes.answer(answer) == {"unlocked": True}
    for forged in (
        asked("off", 1, nonce, b"x" * 16),
        asked("off", 1, b"another"),
        asked("clear", 1, nonce).replace('"clear"', '"off"'),
        asked("off", 1, nonce).replace('"counter": 1', '"counter": true'),
    ):
        assert "problem" in wishes.answer(forged), forged
    assert pack.take_requests() == 0
    runner, wishes, nonce, answer = challenged(Lock(KEY))
    wishes.answer(answer)
    assert wishes.answer(asked("off", 1, nonce)) == {"accepted": True}
    assert "before" in wishes.answer(asked("off", 1, nonce))["problem"]
    assert runner.session.pack.take_requests() == REQ_OFF
    wishes.answer('{"do": "lock"}')
    assert "locked" in wishes.answer(asked("off", 2, nonce))["problem"]


def test_a_challenge_is_good_for_one_answer():
    _, wishes, _, answer = challenged(Lock(KEY))
    assert "not the key" in wishes.answer('{"do": "unlock", "answer": "00"}')["problem"]
    assert "challenge" in wishes.answer(answer)["problem"]


def test_wrong_keys_cost_a_wait_that_the_right_key_has_to_bear_too():
    now_s = [100.0]
    lock = Lock(KEY, lambda: now_s[0])
    for _ in range(3):
        with pytest.raises(Problem, match="not the key"):
            lock.check("00", b"")
    with pytest.raises(Problem, match="wait"):
        lock.check(proof(KEY, b""), b"")
    now_s[0] += 1.0
    lock.check(proof(KEY, b""), b"")


def test_the_readings_around_a_trip_are_kept_scan_by_scan():
    runner = settled()
    wishes = Wishes(runner, None)
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
