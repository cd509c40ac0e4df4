"""The dashboard reads a board by real Web Bluetooth and by Web Serial; the product's code answers."""

import time

import pytest

from bms.journal import SETTINGS
from bms.pack import HOLD_COMMISSION, HOLD_SETTINGS
from bms.report.jbd_slave import JbdSlave
from bms.settings import MENDED_ONE
from demo.session import Session
from host_tests.page.radio import JbdBoard, NativeBoard, Radio
from sim.mischief import find

pytest.importorskip("playwright", reason="NEEDS playwright: requirements/page.txt")
from playwright.sync_api import expect

KEY = bytes(range(32, 48))
# A serial port whose other side is the function `__answer`: Chromium emulates none.
_SERIAL = """Object.defineProperty(navigator, "serial", { value: { requestPort: async () => {
  let push;
  return {
    async open(line) {
      window.__line = line;
      this.readable = new ReadableStream({ start: (stream) => { push = (bytes) => stream.enqueue(bytes); } });
      this.writable = new WritableStream({ write: async (bytes) => {
        const reply = await __answer([...bytes]);
        if (reply.length) push(Uint8Array.from(reply));
      } });
    },
    async close() { window.__closed = true; },
  };
} } });"""


@pytest.fixture
def session():
    """A pack in RUN that discharges."""
    session = Session(soc=0.6)
    step(session, 6)
    session.sim.plant.outside.load(amps=20.0)
    step(session, 2)
    return session


def step(session, seconds):
    end_s = session.now_s + seconds
    while session.now_s < end_s:
        session.step()


@pytest.fixture
def on_air(radio_browser, opened, plain_url):
    """`on_air(board)`: the page, and this board in the air."""

    def begin(board):
        page = opened(radio_browser, reduced_motion="reduce")
        radio = Radio(radio_browser, page, board)
        page.goto(plain_url)
        page.locator("#by-bluetooth").click()
        return radio

    return begin


def reads_like(page, pack):
    """Every value is the pack's, within JBD's resolution."""
    snap = pack.snap
    expect(page.locator(".bar b")).to_have_text([f"{mv / 1000:.3f}" for mv in snap.cell_mv])
    expect(page.locator("#stack")).to_have_text(f"{snap.stack_mv // 10 / 100:.2f} V")
    expect(page.locator("#current")).to_have_text(f"−{abs(snap.pack_ma) / 1000:.1f} A")
    expect(page.locator("#soc")).to_have_text(f"{(pack.soc.soc_pm + 5) // 10:.1f} %")
    expect(page.locator("#temps dd").first).to_have_text(f"{snap.temp_ddegc[0] / 10:.1f} °C")
    expect(page.locator("#mode")).to_have_text("run")
    expect(page.locator("#limits")).to_contain_text("unknown")


def test_by_bluetooth_the_page_shows_a_jbd_board_and_a_fault_in_words(on_air, session):
    radio = on_air(JbdBoard(session.pack))
    page = radio.page
    reads_like(page, session.pack)
    expect(page.locator("#no-control")).to_be_visible()
    expect(page.locator("#unlock")).to_be_hidden()
    find("short").apply(session.sim)
    step(session, 1)
    fault = page.locator("#fault-list")
    expect(fault).to_contain_text("Short circuit")
    expect(page.get_by_role("alert").first).to_contain_text("Fault: short circuit.")
    expect(page.locator("#event-list .bad")).to_contain_text("tripped: short circuit")
    page.get_by_role("button", name="What happened around it").click()
    expect(page.locator("#window-note")).to_contain_text("readings in")
    asked = {request[:3] for request in radio.heard}
    assert asked <= {b"\xdd\xa5\x03", b"\xdd\xa5\x04", b"\xdd\xa5\x05"}, "it writes"


def test_a_broken_bluetooth_link_comes_back_and_ends_when_told(on_air, session):
    radio = on_air(JbdBoard(session.pack))
    radio.deaf = 1  # real modules lose the first request
    page = radio.page
    expect(page.locator("#history-span")).to_contain_text("last")
    radio.drop()
    expect(page.locator("#lost")).to_contain_text("The Bluetooth connection broke. Trying again")
    session.sim.plant.outside.load(amps=33.0)
    step(session, 5)
    expect(page.locator("#lost")).to_be_hidden()
    reads_like(page, session.pack)
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("#connect")).to_be_visible()
    asked_n = len(radio.heard)
    page.wait_for_function("new Promise((done) => setTimeout(done, 1500, true))")
    assert len(radio.heard) <= asked_n + 1, "it reads on"


def test_the_native_service_tells_all_and_obeys_who_has_the_key(on_air, session):
    pack = session.pack
    board = NativeBoard(pack, KEY)
    page = on_air(board).page
    expect(page.locator(".bar b")).to_have_text([f"{mv / 1000:.3f}" for mv in pack.snap.cell_mv])
    expect(page.locator("#soc")).to_have_text(f"{pack.soc.soc_pm / 10:.1f} %")
    expect(page.locator("#limits dd").first).to_have_text(f"{pack.limits.cvl_mv / 1000:.1f} V")
    expect(page.locator("#event-list")).to_contain_text(
        "the monitor is armed, and everything read"
    )
    find("hot_cell").apply(session.sim)
    step(session, 60)
    fault = page.locator("#fault-list")
    expect(fault).to_contain_text(reason_of(session, "otc"))
    expect(page.locator("#event-list .bad")).to_contain_text("tripped: too hot to charge")
    unlock(page, bytes(16))
    expect(page.locator("#key-problem")).to_have_text("That is not the key of this pack.")
    board.lock.forgive()
    unlock(page, KEY)
    expect(page.locator("#event-list")).to_contain_text("the time was told")
    assert abs(pack.journal.wall_s() - time.time()) < 60
    page.get_by_role("button", name="Switch off").click()
    page.locator("#sure-yes").click()
    expect(page.locator("#said")).to_have_text("The pack was asked to switch off.")
    step(session, 1)
    expect(page.locator("#mode")).to_have_text("off")
    board.end_session()
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("#unlocked")).to_be_hidden()
    expect(page.locator("#key-problem")).to_have_text("Locked: unlock with the key of this pack.")


def test_what_is_wrong_and_no_fault_is_told_with_what_to_do(on_air, session):
    pack = session.pack
    page = on_air(NativeBoard(pack, KEY)).page
    expect(page.locator("#fault-list")).to_contain_text("No fault")
    pack.hold(HOLD_SETTINGS)
    pack.journal.note(SETTINGS, MENDED_ONE, -1, 0, 0, pack)
    step(session, 1)
    for words in ("wait to be confirmed", "cellwarden unlock --settings", "Something was wrong"):
        expect(page.locator("#fault-list")).to_contain_text(words)
    expect(page.locator("#event-list")).to_contain_text("settings: stored, one damaged copy")
    pack.hold(HOLD_COMMISSION)
    expect(page.locator("#fault-list")).to_contain_text("nobody has checked the wiring")


def test_a_closed_board_tells_nothing_before_its_key(on_air, session):
    page = on_air(NativeBoard(session.pack, KEY, reads_open=False)).page
    expect(page.locator("#lost")).to_contain_text("tells nothing to strangers")
    expect(page.locator(".bar")).to_have_count(0)
    unlock(page, KEY)
    expect(page.locator(".bar")).to_have_count(16)
    expect(page.locator("#unlocked")).to_be_visible()


def unlock(page, key):
    page.get_by_label("Key of this pack").fill(key.hex(" ", 2))
    page.get_by_role("button", name="Unlock", exact=True).click()


def reason_of(session, name):
    """Why this row tripped, as the demo says it."""
    words = session.tripped[name]["words"].split(": ", 1)[1]
    return words[0].upper() + words[1:]


def test_by_cable_the_page_reads_at_9600_baud(browser, opened, plain_url, session):
    page = opened(browser, reduced_motion="reduce")
    slave = JbdSlave(session.pack)

    def answer(request):
        for byte in request:
            slave.put(byte)
        return list(slave.view[: slave.answer()])

    page.expose_function("__answer", answer)
    page.add_init_script(_SERIAL)
    page.goto(plain_url)
    page.locator("#by-serial").click()
    reads_like(page, session.pack)
    assert page.evaluate("__line.baudRate") == 9600
    page.get_by_role("button", name="Disconnect").click()
    page.wait_for_function("window.__closed === true")


def test_a_browser_that_cannot_says_so_and_what_can(browser, opened, plain_url):
    page = opened(browser)
    page.add_init_script("delete Navigator.prototype.serial; delete Navigator.prototype.bluetooth")
    page.goto(plain_url)
    expect(page.locator("#by-bluetooth")).to_be_disabled()
    expect(page.locator("#by-serial")).to_be_disabled()
    expect(page.locator("#unable")).to_contain_text("cannot use Bluetooth or a cable")
    expect(page.locator("#pack")).to_be_hidden()
