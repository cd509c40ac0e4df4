"""The dashboard in a real Chromium, with the demo behind it: what a person sees, presses and hears."""

import csv
import re

import pytest

from bms.bits import OFF, RUN
from host_tests.page.page_rig import KEY, DemoSite

pytest.importorskip("playwright", reason="NEEDS playwright: requirements/page.txt")
from playwright.sync_api import expect


@pytest.fixture
def page(browser, opened, site):
    """The demo's page, with its pack shown."""
    page = opened(browser, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.goto(site.url)
    expect(page.locator(".bar")).to_have_count(16)
    return page


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def unlock(page, key):
    page.get_by_label("Key of this pack").fill(key)
    press(page, "Unlock")


def test_the_pack_is_shown_as_the_firmware_sees_it(page, site):
    site.paused = True
    pack = site.runner.session.pack
    pack.soc.soc_lo_pm, pack.soc.soc_hi_pm = 432, 571
    pack.balance.togo_uah[3], pack.balance.togo_uah[9] = 84_900, 120_000
    expect(page.locator("#togo")).to_have_text("To bleed: cell 10: 120 mAh, cell 4: 84 mAh")
    expect(page.locator("#interval")).to_have_text("likely 43 to 58 %")
    expect(page.locator("#soc")).to_have_text(f"{pack.soc.soc_pm / 10:.1f} %")
    expect(page.locator("#stack")).to_have_text(f"{pack.snap.stack_mv / 1000:.2f} V")
    expect(page.locator(".bar b")).to_have_text([f"{mv / 1000:.3f}" for mv in pack.snap.cell_mv])
    expect(page.locator("#mode")).to_have_text("run")
    expect(page.locator("#fets")).to_contain_text("Chargeon")
    limits = page.locator("#limits dd")
    expect(limits).to_have_text(
        [
            f"{pack.limits.cvl_mv / 1000:.1f} V",
            f"{pack.limits.ccl_ma / 1000:.1f} A",
            f"{pack.limits.dcl_ma / 1000:.1f} A",
        ]
    )
    expect(page.locator("#temps dd").first).to_have_text(f"{pack.snap.temp_ddegc[0] / 10:.1f} °C")
    expect(page.locator("#fault-list")).to_contain_text("No fault")
    heights = page.locator(".bar i").evaluate_all("all => all.map((i) => i.offsetHeight)")
    assert min(heights) > 20


def test_a_short_is_read_in_words_heard_and_looked_at_again(page, site):
    press(page, "Short")
    fault = page.locator("#fault-list li")
    expect(fault).to_contain_text("Short circuit")
    expect(fault).to_contain_text("Charging and discharging stopped")
    expect(page.get_by_role("alert").first).to_have_text(
        "Fault: short circuit. Charging and discharging stopped."
    )
    expect(page.locator("#mode")).to_have_text("fault")
    assert not site.runner.session.sim.plant.dsg_on
    expect(page.locator("#event-list .bad")).to_contain_text("tripped: short circuit")
    press(page, "What happened around it")
    expect(page.locator("#window-title")).to_have_text("Tripped: short circuit")
    note = page.locator("#window-note")
    expect(note).to_contain_text("readings in")
    readings_n = int(re.search(r"(\d+) readings", note.text_content()).group(1))
    assert readings_n > 25, "not every scan"
    inks = page.locator("#window canvas").evaluate_all(_INK)
    assert len(inks) == 4 and min(inks) > 200, inks
    page.keyboard.press("Escape")
    expect(page.locator("#window")).to_be_hidden()
    press(page, "Short")
    press(page, "max")  # a minute off, then it closes again
    expect(page.locator("#fault-list")).to_contain_text("No fault", timeout=20000)
    expect(page.locator("#calm")).to_have_text("All faults are over.")
    expect(page.locator("#mode")).to_have_text("run")


# Pixels in the colour of the last line of each chart.
_INK = """all => all.map((canvas, k) => {
  canvas.style.color = `var(${["--cell", "--low", "--good", "--warn"][k]})`;
  const wanted = getComputedStyle(canvas).color.match(/\\d+/g).map(Number);
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    if (wanted.every((c, n) => Math.abs(c - pixels[i + n]) < 3) && pixels[i + 3] > 200) inked++;
  }
  return inked;
})"""


def test_a_hot_cell_is_named_with_its_number_and_its_limit(page):
    press(page, "Hot cell")
    press(page, "30×")  # not so fast that the sensor itself is called broken
    fault = page.locator("#fault-list")
    expect(fault).to_contain_text(
        re.compile(r"Too hot to charge: sensor 1 at 5\d\.\d\s°C, limit 50\.0\s°C"), timeout=20000
    )
    expect(fault).to_contain_text("Charging stopped")


def test_only_the_key_of_the_pack_opens_control(page, site):
    unlock(page, "00" * 16)
    expect(page.locator("#key-problem")).to_have_text("That is not the key of this pack.")
    unlock(page, "1234")
    expect(page.locator("#key-problem")).to_have_text("A key has 32 hexadecimal digits.")
    expect(page.locator("#unlocked")).to_be_hidden()
    key = page.get_by_label("Key of this pack")
    expect(key).to_have_attribute("type", "password")
    press(page, "Show the key")
    expect(key).to_have_attribute("type", "text")
    site.gate.lock.forgive()  # who was wrong waits a second
    unlock(page, KEY.hex(" ", 4))
    expect(page.locator("#unlocked")).to_be_visible()
    assert key.input_value() == "" and key.get_attribute("type") == "password"
    press(page, "Switch off")
    press(page, "Leave it on")
    assert site.runner.session.pack.mode.mode == RUN
    press(page, "Switch off")
    page.locator("#sure-yes").click()
    expect(page.locator("#mode")).to_have_text("off")
    assert site.runner.session.pack.mode.mode == OFF
    press(page, "Switch on")
    expect(page.locator("#mode")).to_have_text("run")
    press(page, "Lock again")
    expect(page.locator("#unlocked")).to_be_hidden()


def test_a_lost_connection_is_said_and_locks_again_and_comes_back(page, site):
    unlock(page, KEY.hex())
    expect(page.locator("#unlocked")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 700})
    page.locator("#events").scroll_into_view_if_needed()
    press(page, "Switch off")
    site.stop()
    expect(page.locator("#lost")).to_contain_text("Trying again")
    expect(page.locator("#lost")).to_be_in_viewport()  # also far down the page
    expect(page.locator("#unlocked")).to_be_hidden()
    expect(page.locator("#sure")).to_be_hidden()  # it can no longer be done
    expect(page.locator("#control-title")).to_be_focused()
    again = DemoSite(site.port)
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#mode")).to_have_text("run")
    again.stop()
    page.complaints.clear()  # of the time without a server


def test_history_and_events_leave_as_csv(page, site):
    expect(page.locator("#history-span")).to_contain_text("last")
    tables = {}
    for name in ("history", "events"):
        with page.expect_download() as waiting:
            page.locator(f"#{name}-csv").click()
        with open(waiting.value.path(), newline="", encoding="utf-8") as file:
            tables[name] = list(csv.reader(file))
    head, *rows = tables["history"]
    assert len(head) == 7 + 16 and len(rows) > 1
    assert [int(mv) for mv in rows[-1][7:]] == pytest.approx(
        list(site.runner.session.pack.snap.cell_mv), abs=20
    )
    assert tables["events"][1][1:] == ["boot", "info", "the firmware has started"]


def test_without_a_server_the_page_still_opens(page, site):
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    expect(page.locator(".bar")).to_have_count(16)
    assert page.evaluate("navigator.serviceWorker.controller !== null")
    site.stop()
    page.reload()
    expect(page.locator("h1")).to_have_text("Cellwarden")
    expect(page.locator("#lost")).to_contain_text("Trying again")
    assert page.locator("h1").evaluate("node => getComputedStyle(node).fontWeight") == "650"
    page.complaints.clear()  # of the time without a server


def test_the_page_can_be_put_on_the_home_screen(page, site):
    page.evaluate("navigator.serviceWorker.ready")
    told = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert told["errors"] == [] and told["manifest"]["name"] == "Cellwarden"
    for icon in told["manifest"]["icons"]:
        size = page.evaluate(_SIZE, icon["url"])
        assert size > 0 and icon["sizes"] in ("0x0", f"{size}x{size}")  # 0: any


_SIZE = """async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image.naturalWidth;
}"""


def test_nothing_leaves_the_page(browser, opened, site):
    page = opened(browser)
    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:")))
    page.goto(site.url)
    press(page, "Short")
    expect(page.locator("#fault-list")).to_contain_text("Short circuit")
    assert len(asked) > 10 and all(url.startswith((site.url, "data:", "blob:")) for url in asked)
    refused = """url => fetch(url).then(() => "sent", () => "refused")"""
    assert page.evaluate(refused, "https://example.org/") == "refused"
    stored = page.evaluate("JSON.stringify([localStorage.length, document.cookie])")
    assert stored == '[0,""]'
    assert any("Content Security Policy" in words for words in page.complaints)
    page.complaints.clear()  # of the refusal just asked for
