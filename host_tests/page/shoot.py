"""Takes docs/dashboard.png anew, and others to look at: desktop and phone, light and dark.

    PYTHONPATH=lib:firmware:tools:tools/fakes:. python -m host_tests.page.shoot build/shots

The picture for the docs is `both.png` there. Same pack, same moment each time: time stands still.
"""

import base64
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from host_tests.page.conftest import browser_path, launch
from host_tests.page.page_rig import DemoSite

_SIZES = {"desktop": (1440, 1180, 1), "phone": (390, 844, 2)}
_BOTH = """<body style="margin:0; display:flex; gap:40px; align-items:center; padding:24px; background:#d0d6dd">
<img style="height:1180px; border-radius:14px" src="data:image/png;base64,{}">
<img style="height:980px; border-radius:40px; border:9px solid #14181e" src="data:image/png;base64,{}">"""


def live(site, seconds, point_s=4.0):
    """Let simulated time pass, with a point of the history every so often."""
    session = site.runner.session
    end_s, due_s = session.now_s + seconds, session.now_s
    while session.now_s < end_s:
        session.step()
        site.runner.life.step()
        if session.now_s >= due_s:
            due_s += point_s
            site.runner.add_point()


def play(site) -> None:
    """A charge to the top, a short on the way, a cell that becomes too hot."""
    site.runner.session.pack.soc.set(955)
    site.runner.command({"do": "source", "name": "auto"})
    live(site, 700)
    for name, seconds, after_s in (("short", 3, 190), ("hot_cell", 54, 0)):
        site.runner.command({"do": "mischief", "name": name, "on": True})
        live(site, seconds, 1.0)
        if after_s:
            site.runner.command({"do": "mischief", "name": name, "on": False})
            live(site, after_s)
    site.runner.command({"do": "speed", "name": 30})
    site.runner.speedup = 30.0


def shoot(browser, url, folder, name, scheme) -> bytes:
    """One picture of the screen, one of the whole page."""
    width, height, scale = _SIZES[name]
    screen = {"width": width, "height": height}
    look = {"device_scale_factor": scale, "color_scheme": scheme, "reduced_motion": "reduce"}
    page = browser.new_page(viewport=screen, **look)
    page.goto(url)
    expect(page.locator("#fault-list .bad")).to_be_visible()
    page.screenshot(path=folder / f"{name}-{scheme}-whole.png", full_page=True)
    picture = page.screenshot(path=folder / f"{name}-{scheme}.png")
    page.close()
    return picture


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    site = DemoSite(soc=0.955, paused=True)
    play(site)
    with sync_playwright() as started:
        browser = launch((started, browser_path()))
        seen = [(name, scheme) for name in _SIZES for scheme in ("light", "dark")]
        pictures = {one: shoot(browser, site.url, folder, *one) for one in seen}
        pair = pictures["desktop", "light"], pictures["phone", "dark"]
        page = browser.new_page(viewport={"width": 2002, "height": 1228}, device_scale_factor=0.75)
        page.set_content(_BOTH.format(*[base64.b64encode(one).decode() for one in pair]))
        page.screenshot(path=folder / "both.png")
        browser.close()
    site.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
