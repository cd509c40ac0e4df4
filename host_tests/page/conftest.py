"""A real Chromium. Tests that look at the page skip, and say why, where there is none."""

import os
import shutil

import pytest

from host_tests.page.page_rig import DemoSite, static_site

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_BLUETOOTH = ("--enable-features=WebBluetooth",)  # Linux has it behind a flag
_WAIT_MS = 20000


def browser_path() -> str:
    """`CHROMIUM=path`, or what is on PATH; skips the test when there is none."""
    named = os.environ.get("CHROMIUM")
    found = next(filter(None, map(shutil.which, [named] if named else _NAMES)), None)
    if not found:
        pytest.skip("NEEDS chromium (Debian: apt install chromium), or CHROMIUM=/path/to/it")
    return found


@pytest.fixture(
    scope="module"
)  # it leaves an event loop running, which other modules do not expect
def playwright():
    path = browser_path()
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        pytest.skip("NEEDS playwright: requirements/page.txt")
    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as started:
        yield started, path


def launch(playwright, *arguments):
    started, path = playwright
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return started.chromium.launch(executable_path=path, args=[*root, *arguments])


@pytest.fixture(scope="module")
def browser(playwright):
    found = launch(playwright)
    yield found
    found.close()


@pytest.fixture
def radio_browser(playwright):
    """One with Web Bluetooth. Chromium has crashed when its emulation was ended for another test."""
    found = launch(playwright, *_BLUETOOTH)
    yield found
    found.close()


@pytest.fixture
def opened():
    """`opened(browser, **context)`: a page of its own; what its console complains of fails the test."""
    contexts, complaints = [], []

    def open_page(browser, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(_WAIT_MS)
        page.complaints = complaints
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def site():
    """A demo of a resting pack in RUN."""
    started = DemoSite()
    yield started
    started.stop()


@pytest.fixture
def plain_url():
    with static_site() as url:
        yield url
