"""An update of a running board, cut at every write to its flash: it boots the old version or the new.

The update is recorded once. Every moment of it is then looked at twice: what littlefs finds in the flash, with
boot.py run over that, and for some of them the emulated Pico itself, which has another littlefs.
"""

import json

import pytest

from deploy.flash import Flash
from deploy.link import Link
from deploy.plan import with_list
from host_tests.target import rig
from host_tests.unit.deploy_rig import Device

BANNER = b'import time\ntime.sleep_ms(200)\nprint("this is %s")\n'
SAMPLED = 6  # moments that the Pico itself boots


def version(name: str, config: dict, changed: dict) -> dict:
    """Everything on the device, path -> bytes."""
    main = dict(rig.content(rig.BOARD, config))["/main.py"]
    patches = {**rig.with_crc(), "/main.py": BANNER % name.encode() + main, **changed}
    return dict(with_list(sorted(rig.content(rig.BOARD, config, patches))))


class Wire:
    """mpremote's transport, straight to the emulated console."""

    def __init__(self, pico):
        self._pico = pico

    def enter_raw_repl(self, soft_reset=True):
        self._pico.enter_raw()

    def exec(self, code):
        return self._pico.execute(code).encode()

    def exec_raw_no_follow(self, code):
        self._pico.start(code)

    def close(self):
        pass


class Update:
    """Old and new version, and the flash chip's log of getting from one to the other."""

    def __init__(self):
        config = {"cell_n": 16, "precharge_on": 0}
        self.old = version("old", config, {"/bms/gone.py": b"GONE = 1\n"})
        long = "".join(f"N{i} = {i}\n" for i in range(900)).encode()
        self.new = version("new", {**config, "capacity_mah": 77000}, {"/bms/fresh.py": long})
        there = [*self.old.items(), *rig.waived(rig.BOARD, config)]
        bench = rig.Bench(flash=rig.flash_with(there), crc=True, service=False)
        bench.pico.boot()
        bench.pico.wait_for(b"this is old", 3000)
        self.log = rig.FlashLog(bench.pico)
        said = []
        link = Link("emulated", open=lambda port: Wire(bench.pico))
        Flash(link, "rp2", list(self.new.items()), said.append).install()
        assert said[-1] == "4 files replaced, 1 removed, verified"


@pytest.fixture(scope="module")
def update():
    return Update()


def booted(content) -> dict:
    """What is there when main.py starts: boot.py has run over what littlefs finds."""
    device = Device(rig.Disk(content))
    assert device.boot(), "boot.py refuses"
    aside = ("/staged/", "/previous/", "/commission.")
    return {path: data for path, data in device.disk.files.items() if not path.startswith(aside)}


def which(update, content) -> str:
    files = booted(content)
    for name, wanted in (("old", update.old), ("new", update.new)):
        if files == wanted:
            return name
    wrong = [path for path in update.old if files.get(path) != update.old[path]]
    raise AssertionError(f"neither old nor new: {wrong} differ from the old")


@pytest.mark.parametrize("torn", [False, True], ids=["between writes", "within a write"])
def test_whatever_write_the_power_goes_at_it_is_the_old_version_or_the_new(update, torn):
    found = [which(update, content) for _, content in update.log.cuts(torn)]
    assert len(found) > 50
    assert found[0] == "old" and (torn or found[-1] == "new")
    assert found == sorted(found, reverse=True), "once new, never old again"


def test_settings_are_always_whole(update):
    for _, content in update.log.cuts():
        text = booted(content)["/config.json"]
        assert json.loads(text)["cell_n"] == 16
        assert text in (update.old["/config.json"], update.new["/config.json"])


def test_the_check_finds_a_version_that_is_half_of_each(update):
    files = {**update.old, "/main.py": update.new["/main.py"]}
    with pytest.raises(AssertionError, match="neither old nor new"):
        which(update, rig.flash_with(files.items()))


def test_the_pico_itself_boots_what_we_say_it_boots(update):
    cuts = list(update.log.cuts())
    names = [which(update, content) for _, content in cuts]
    turn = names.index("new")
    spread = {len(cuts) * i // SAMPLED for i in range(SAMPLED)}
    for i in sorted(spread | {turn - 1, turn, turn + 1, len(cuts) - 2}):
        pico = rig.Pico(cuts[i][1])
        pico.boot()
        pico.wait_for(b"this is " + names[i].encode(), 3000)


def test_cut_in_the_middle_of_the_plan_it_protects_a_second_later(update):
    names = [which(update, content) for _, content in update.log.cuts()]
    middle = (names.index("new") + len(names)) // 2
    content = [content for _, content in update.log.cuts()][middle]
    bench = rig.Bench(flash=content, crc=True, service=False)
    bench.pico.boot()
    assert bench.off()
    rig.await_permission(bench)
    bench.pico.run_ms(500)
    assert bench.conducting()
