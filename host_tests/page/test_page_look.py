"""Can everybody use it: contrast, keyboard, names for a screen reader, small screens."""

import re
from pathlib import Path

import pytest

from host_tests.page.page_rig import KEY

pytest.importorskip("playwright", reason="NEEDS playwright: requirements/page.txt")
from playwright.sync_api import expect

LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")
_WIDTHS = (320, 390, 768, 821, 1024, 1240, 1241, 1280, 1400, 1401, 1440, 1920)
_LONGEST = {"#soc": "99.9 %", "#current": "−120.5 A", "#power": "6543 W discharging"}
_TAB_MAX = 120


def shown(opened, browser, site, **options):
    page = opened(browser, reduced_motion="reduce", **options)
    page.goto(site.url)
    expect(page.locator(".bar")).to_have_count(16)
    return page


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast_enough_calm_and_in_trouble(opened, browser, site, scheme, width):
    page = shown(
        opened, browser, site, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    seen, bad = page.evaluate(LOOK + "contrast()")
    assert seen > 80 and bad == []
    page.get_by_role("button", name="Short", exact=True).click()
    page.get_by_label("Key of this pack").fill("1")
    page.get_by_role("button", name="Unlock", exact=True).click()
    expect(page.locator("#fault-list .bad")).to_be_visible()
    expect(page.locator("#key-problem")).not_to_be_empty()
    assert page.evaluate(LOOK + "contrast()")[1] == []


def test_light_and_dark_are_chosen_and_remembered(opened, browser, site):
    page = shown(opened, browser, site, color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    for _ in range(2):  # light, dark
        page.locator("#theme").click()
    dark = page.evaluate(colour)
    assert dark != light
    page.reload()
    expect(page.locator("#theme")).to_have_text("Dark")
    assert page.evaluate(colour) == dark


def test_nothing_is_cut_off_and_fingers_find_what_they_press(opened, browser, site):
    page = shown(opened, browser, site)
    site.paused = True
    page.locator("#fets small").evaluate_all("all => all.map((s) => (s.textContent = 'waits'))")
    for name, text in _LONGEST.items():
        page.locator(name).evaluate("(node, text) => (node.textContent = text)", text)
    for width in _WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(LOOK + "beyond()") == [], f"{width} px"
        cut = page.evaluate(LOOK + "cut()")
        assert cut == [], f"{width} px"
        assert page.evaluate(LOOK + "touching()") == [], f"{width} px"
    small = page.locator("button:visible, nav a:visible").evaluate_all(
        "all => all.filter((b) => b.getBoundingClientRect().height < 44).map((b) => b.textContent)"
    )
    assert small == []


def test_numbers_are_readable_at_arms_length(opened, browser, site):
    page = shown(opened, browser, site, viewport={"width": 390, "height": 844})
    for name in ("#soc", "#current"):
        size = page.locator(name).evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
        assert size >= 40
        assert page.locator(name).bounding_box()["y"] < 600, "not on the first screen"


def tab_to(page, wanted):
    """Press Tab until the focus is on the element with this id or name; everything met on the way."""
    met = []
    for _ in range(_TAB_MAX):
        page.keyboard.press("Tab")
        focus = page.evaluate(LOOK + "focus()")
        if focus is None:
            continue
        met.append(focus)
        if wanted in (focus["id"], focus["name"]):
            return met
    raise AssertionError(f"Tab does not come to {wanted}: {[one['name'] for one in met]}")


def test_everything_can_be_done_with_the_keyboard_alone(opened, browser, site):
    page = shown(opened, browser, site, viewport={"width": 1280, "height": 900})
    assert tab_to(page, "Skip to the pack")
    page.keyboard.press("Enter")
    met = tab_to(page, "Short")
    page.keyboard.press("Space")
    expect(page.locator("#fault-list")).to_contain_text("Short circuit")
    met += tab_to(page, "key")
    page.keyboard.type(KEY.hex())
    page.keyboard.press("Enter")
    expect(page.locator("#unlocked")).to_be_visible()
    assert page.evaluate(LOOK + "focus()")["name"] == "Switch on"
    met += tab_to(page, "Switch off")
    page.keyboard.press("Enter")
    assert page.evaluate(LOOK + "focus()")["name"] == "Leave it on"
    page.keyboard.press("Escape")
    assert page.evaluate(LOOK + "focus()")["name"] == "Switch off"
    met += tab_to(page, "What happened around it")
    page.keyboard.press("Enter")
    expect(page.locator("#window-title")).to_be_visible()
    met += tab_to(page, "window-csv")
    page.keyboard.press("Escape")
    assert all(one["name"] for one in met), met
    assert all(one["ring"] for one in met), [one for one in met if not one["ring"]]


def test_a_chart_is_read_with_arrow_keys_and_said_in_words(opened, browser, site):
    page = shown(opened, browser, site)
    chart = page.locator("#plots canvas").first
    expect(page.locator("#history-span")).to_have_text(re.compile(r"last (\d\d|[3-9]) s"))
    site.paused = True
    assert "Current: from" in chart.get_attribute("aria-label")
    chart.focus()
    page.keyboard.press("Home")
    reading = page.locator("#plots output").first
    expect(reading).to_contain_text("0:00:")
    first = reading.text_content()
    page.keyboard.press("End")
    expect(reading).not_to_have_text(first)
