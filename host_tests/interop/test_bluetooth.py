"""Programs of other people read the product over a virtual Bluetooth link: Home Assistant's, a phone's."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest
from bluetooth import ESP32, PICO_W
from bumble.link import LocalLink

from bms.app import App
from btlink import native, timeless
from btlink.phone import NATIVE, Phone
from btlink.product import LoopClock, Product
from fakes_asyncio import ThreadSafeFlag
from host_tests.common.ble_rig import BleRig
from host_tests.common.scan_rig import Rig
from host_tests.shared import ROOT, shared
from roles import BOTH

HERE = Path(__file__).parent
PATHS = ("lib", "firmware", "tools", "tools/fakes", ".")


def theirs(script, *args, stdin=""):
    """What a script says in the Python that has other people's programs."""
    python = os.environ.get("CELLWARDEN_PY312")
    if not python:
        pytest.skip("NEEDS Python 3.12 or newer for aiobmsble: make test finds one, also pyenv's")
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(str(ROOT / part) for part in PATHS))
    done = subprocess.run(
        [python, str(HERE / script), *args],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def home_assistant():
    """What aiobmsble saw in a thousand updates."""
    return theirs("read_over_bluetooth.py", "1000", "1")


def test_home_assistants_bthome_reads_the_advert():
    rig = BleRig(ble_bthome=1)
    rig.rig.roles.cell_mv[:] = [3327, 3328, 3328, 3327]
    rig.rig.roles.pack_ma = -4250
    rig.rig.roles.temps[:] = [-51, 10, 20]
    rig.rig.run(2)
    rig.pass_ms(10000)
    values = theirs("read_with_bthome.py", stdin=rig.air.response.hex())
    del values["signal_strength"]
    assert values == {
        "battery": 50,
        "temperature": 2.0,
        "voltage": 13.31,
        "power": -56.56,
        "problem": False,
    }


def test_home_assistant_finds_and_identifies_the_board(home_assistant):
    name, services = home_assistant["advert"]
    assert name.startswith("JBD-") and services[0].startswith("0000ff00-")
    assert home_assistant["identified"] == "aiobmsble.bms.jbd_bms"
    assert home_assistant["info"] == {"sw_version": "1.0", "hw_version": "Cellwarden"}


def test_a_thousand_updates_are_the_plant_itself_within_the_resolution(home_assistant):
    worst, count = home_assistant["worst"], home_assistant["count"]
    assert count["updates"] == 1000 and count["fets differ"] == count["problems"] == 0
    assert worst["cell_v"] <= 0.00051, "half a millivolt"
    assert worst["pack_v"] <= 0.006, "half of 10 mV, and a millivolt of the monitor's own"
    assert worst["current_a"] <= 0.0101 and worst["temp_c"] <= 0.1 and worst["soc"] <= 0.5


def test_it_did_so_over_links_that_broke_lost_requests_and_had_every_mtu(home_assistant):
    count = home_assistant["count"]
    mtus = {int(key.split()[1]) for key in count if key.startswith("mtu")}
    assert count["disconnects"] >= 40 and home_assistant["lost"] >= 10
    assert mtus == {23, 24, 48, 100, 185, 247} and home_assistant["sound"]


# a phone, byte for byte ------------------------------------------------------------------------------


def sessions():
    return json.loads(shared("vectors/jbd_app_sessions.json").read_text())["sessions"]


def state(pack):
    """All that somebody could have changed."""
    return (
        pack.config.hash,
        pack.lock,
        pack.user_off,
        pack.mode.mode,
        pack.intent,
        bytes(pack.protect.state),
        pack.journal.n,
    )


async def replay(session, mtu: int, limits, opened: bool):
    """[(request, recorded reply, ours)], the pack, its state before."""
    rig = Rig(12)
    link = LocalLink()
    product = await Product.make(link, rig.pack, limits)
    if opened:
        product.open_room().gate.open(1 << 28)
    phone = await Phone.make(link, product, mtu)
    before, said = state(rig.pack), []
    for i, exchange in enumerate(session["exchanges"]):
        request = bytes.fromhex(exchange["req"])
        ours = await phone.ask(request, with_response=i % 2 == 0)
        assert max(len(piece) for piece in phone.pieces) <= mtu - 3
        said.append((request, bytes.fromhex(exchange["reply"] or ""), ours))
        rig.run()
    assert product.sound() and not product.radio.errors
    await product.close()
    return said, rig, before


def is_whole(request: bytes, reply: bytes) -> bool:
    """One whole reply to this request and nothing else."""
    if request[:2] == b"\xff\xaa":
        return reply[:3] == request[:3] and len(reply) == 5 + reply[3]
    total = sum(reply[2:-3]) + int.from_bytes(reply[-3:-1])
    return (
        reply[0] == 0xDD
        and reply[1] == request[2]
        and len(reply) == 7 + reply[3]
        and reply[-1] == 0x77
        and total & 0xFFFF == 0
    )


@pytest.mark.parametrize(
    "i, mtu, limits", [(0, 23, PICO_W), (1, 185, ESP32), (2, 37, PICO_W), (3, 23, ESP32)]
)
def test_a_recorded_app_session_is_answered_request_by_request_and_changes_nothing(i, mtu, limits):
    said, rig, before = timeless.run(replay(sessions()[i], mtu, limits, opened=False))
    assert len(said) >= 90
    for request, _, ours in said:
        assert is_whole(request, ours), (request.hex(), ours.hex())
        if request[:2] == b"\xdd\x5a" and request[2] not in (0x01, 0x06, 0x07, 0x09):
            assert ours[2] == 0x81
    assert state(rig.pack) == before and rig.roles.fets == BOTH


@pytest.mark.parametrize("i", range(4))
def test_with_the_window_open_writes_are_answered_as_by_the_real_board(i):
    said, _, _ = timeless.run(replay(sessions()[i], 23, PICO_W, opened=True))
    same = 0
    for request, real, ours in said:
        assert is_whole(request, ours)
        if request[:2] == b"\xdd\x5a" and request[2] in (0x00, 0x01, 0x06, 0x09, 0xE1) and real:
            assert ours == real
            same += 1
    assert same >= 4


def test_two_centrals_are_each_answered_on_their_own_connection():
    async def play():
        rig = Rig(12)
        link = LocalLink()
        product = await Product.make(link, rig.pack, ESP32, links=2)
        one = await Phone.make(link, product, 23)
        two = await Phone.make(link, product, 185, "F0:F1:F2:F3:F4:F6")
        cells, basic = bytes.fromhex("dda50400fffc77"), bytes.fromhex("dda50300fffd77")
        first, second = await asyncio.gather(one.ask(cells, True), two.ask(basic, False))
        assert first[1] == 4 and second[1] == 3
        assert is_whole(cells, first) and is_whole(basic, second)
        assert len(one.pieces) == 1 and len(two.pieces) == 1
        assert product.sound()
        await product.close()

    timeless.run(play())


KEY = bytes(range(40, 56))


@pytest.mark.parametrize("mtu", [23, 247])
def test_the_native_service_tells_and_obeys_over_a_real_gatt(mtu):
    async def play():
        rig = Rig(12, cell_n=16)
        link = LocalLink()
        product = await Product.make(link, rig.pack, PICO_W, key=KEY)
        phone = await Phone.make(link, product, mtu, ends=NATIVE)
        owner = native.Client(KEY)

        async def say(data):
            """Answer to a request that is cut into pieces of the link, and whatever came with it."""
            phone.pieces.clear()
            for i in range(0, len(data), mtu - 3):
                await phone.write(data[i : i + mtu - 3], with_response=True)
            await asyncio.sleep(1)
            return native.split(b"".join(phone.pieces))

        ((_, about),) = await say(native.frame(native.ABOUT))
        assert native.about(about)["cell_n"] == 16
        rig.roles.cell_mv[7] = 3333
        rig.run(2)
        told = dict(await say(native.frame(native.WATCH, b"\xc8\0\x03")))
        assert native.live(told[native.TOLD_LIVE])["cells"][7] == 3333
        ((_, answer),) = await say(owner.hello())
        ((_, answer),) = await say(owner.prove(answer))
        assert owner.believes(answer)
        assert (await say(owner.do(native.LOCK_FETS, BOTH)))[0][1][0] == native.OK
        rig.run(3)
        assert rig.roles.fets == 0 and product.sound() and not product.radio.errors
        await product.close()

    timeless.run(play())


class Timed:
    """A scan that tells when it ran, in whole milliseconds."""

    def __init__(self, rig):
        self.scan = rig.scan
        self.board = rig.board
        self.at_ms = []
        self.again = False
        self.period_ms = 250

    def tick(self, dt_ms):
        self.at_ms.append(round(asyncio.get_running_loop().time() * 1000))
        self.scan.tick(250)


def test_a_flood_over_the_air_moves_no_scan():
    async def play():
        rig = Rig(12)
        link = LocalLink()
        product = await Product.make(link, rig.pack, PICO_W)
        scan = Timed(rig)
        app = asyncio.create_task(App(scan, LoopClock(), ThreadSafeFlag()).run())
        phone = await Phone.make(link, product, 247)
        for i in range(1500):
            await phone.write(bytes([i & 0xFF, 0xDD, 0xA5, 0x04, 0x40]) * (i % 40))
            await asyncio.sleep(0.003)
        app.cancel()
        rests = {after - before for before, after in zip(scan.at_ms[1:], scan.at_ms[2:])}
        assert rests <= {249, 250, 251} and len(scan.at_ms) >= 18
        assert rig.roles.fets == BOTH and product.sound()
        await product.close()

    timeless.run(play())
