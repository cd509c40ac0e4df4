"""`make flash`: whatever is refused or cut off, the board boots a whole version, never a mixture of two."""

import inspect
import types

import pytest

from checks.source import ROOT
from deploy import __main__ as command
from deploy.files import boards, constant, files
from deploy.flash import Flash, check_image, first_status, gather, patience_s
from deploy.link import Broken, FlashError, Link, patient
from deploy.plan import CONFIG, INSTALLED, Change, hiding, listed, sha256, with_list
from host_tests.unit.deploy_rig import (
    MPY,
    NEW,
    OLD,
    Device,
    Disk,
    Transport,
    files_of,
    installed,
    link_to,
    update,
    version,
    whole,
)

# what is copied


def test_an_empty_board_gets_everything_and_boots():
    device = Device(Disk())
    update(device, NEW)
    assert files_of(device) == dict(with_list(NEW))
    assert device.boot()


def test_a_second_time_nothing_is_written():
    device = installed(NEW)
    said = []
    update(device, NEW, said.append)
    assert device.disk.steps == [] and said == ["everything is there already"]


def test_only_what_changed_is_copied_and_what_is_gone_is_removed():
    device = installed()
    update(device, NEW)
    opened = {step.split()[1] for step in device.disk.steps if step.startswith("open")}
    assert "/staged/lib-crc8.mpy" in opened and "/staged/bms-report-uart.mpy" not in opened
    assert files_of(device) == dict(with_list(NEW))


def test_files_that_are_not_ours_stay():
    device = installed()
    device.disk.files["/notes.txt"] = device.disk.files["/lib/other.mpy"] = b"mine"
    update(device, NEW)
    assert device.disk.files["/notes.txt"] == device.disk.files["/lib/other.mpy"] == b"mine"


def test_a_source_that_would_be_imported_instead_of_our_module_is_removed():
    device = installed()
    device.disk.files["/lib/crc8.py"] = b"copied by hand"
    update(device, NEW)
    assert "/lib/crc8.py" not in device.disk.files


def test_a_module_in_the_root_that_hides_ours_is_named():
    device = installed()
    device.disk.files["/crc8.py"] = b"mine"
    with pytest.raises(FlashError, match="/crc8.py would be imported instead of ours"):
        update(device, NEW)
    assert version(device.disk) == whole(OLD) | {"/crc8.py": b"mine"}


def test_an_update_that_was_stopped_goes_on_where_it_was():
    device = installed()
    device.disk.cut_at = next(
        i for i, step in enumerate(steps_of_an_update()) if step == "close /staged/lib-crc8.mpy"
    )
    with pytest.raises(Broken):
        update(device, NEW)
    device.disk.cut_at = None
    device.disk.steps.clear()
    assert device.boot()
    update(device, NEW)
    assert not any(step == "open /staged/board.mpy" for step in device.disk.steps)
    assert files_of(device) == dict(with_list(NEW))


# cut anywhere


def steps_of_an_update(fat=False) -> list:
    device = installed(fat=fat)
    update(device, NEW)
    return device.disk.steps


@pytest.mark.parametrize("fat", [False, True])
def test_cut_at_every_step_the_board_boots_the_old_version_or_the_new_one(fat):
    steps = steps_of_an_update(fat)
    seen = []
    for cut in range(len(steps)):
        device = installed(fat=fat)
        device.disk.cut_at = cut
        with pytest.raises(Broken, match="lost the board while"):
            update(device, NEW)
        device.disk.cut_at = None
        assert device.boot(), steps[cut]
        seen.append(version(device.disk) == whole(NEW))
        assert seen[-1] or version(device.disk) == whole(OLD), steps[cut]
        update(device, NEW)
        assert files_of(device) == dict(with_list(NEW)), steps[cut]
    assert seen == sorted(seen) and not seen[0] and seen[-1]  # one moment divides old from new
    assert steps[seen.index(True) - 1].startswith("rename /staged/plan")


@pytest.mark.parametrize("fat", [False, True])
def test_cut_in_the_middle_and_again_at_every_step_of_the_next_boot(fat):
    steps = steps_of_an_update(fat)
    plan = steps.index("rename /staged/plan")
    for first in range(plan + 1, len(steps)):
        for second in range(len(steps) - first):
            device = installed(fat=fat)
            device.disk.cut_at = first
            with pytest.raises(Broken):
                update(device, NEW)
            device.disk.cut_at = first + second
            try:
                device.boot()
            except BaseException as error:
                assert type(error).__name__ == "PowerCut"
            device.disk.cut_at = None
            assert (
                device.boot()
            )  # a start on trial that was cut has failed: then the old one is back
            back = "/previous/rolled" in device.disk.files
            assert version(device.disk) == whole(OLD if back else NEW)


def test_a_plan_that_cannot_be_finished_does_not_start_half_a_version():
    device = installed(NEW)
    device.disk.folders.add("/staged")
    device.disk.files["/staged/plan"] = b"lost.mpy /lib/lost.mpy\n"
    assert not device.boot()


def test_a_plan_that_somebody_left_is_finished_before_anything_else():
    device = installed(NEW)
    device.disk.folders.add("/staged")
    device.disk.files |= {"/staged/plan": b"x /main.py\n", "/staged/x": b"newer main"}
    update(device, NEW)
    assert files_of(device) == dict(with_list(NEW))


def test_a_file_in_the_staging_folder_does_not_keep_the_board_from_starting():
    device = installed(NEW)
    device.disk.folders.add("/staged")
    device.disk.files |= {"/staged/plan": b"x /main.py\n", "/staged/x": b"m", "/staged/y": b"?"}
    assert device.boot() and device.disk.files["/main.py"] == b"m"


# refused


def refused(device, wanted, words, **kwargs):
    before = dict(device.disk.files)
    with pytest.raises(FlashError, match=words) as caught:
        Flash(link_to(device), "rp2", with_list(wanted), lambda text: None).install()
    assert "\n" not in str(caught.value)
    assert device.disk.files == before and device.boot()
    assert device.resets == 1, "the old version runs again"


def test_too_old_a_micropython():
    device = Device(Disk(dict(with_list(OLD))), version=(1, 23, 0, ""))
    refused(device, NEW, "MicroPython 1.23.0 is too old: put 1.24 or newer")


def test_a_board_of_the_other_kind():
    device = Device(Disk(dict(with_list(OLD))), platform="esp32")
    refused(device, NEW, "for MicroPython of rp2, the one there is of esp32")


def test_another_mpy_version():
    refused(Device(Disk(dict(with_list(OLD))), mpy=7), NEW, "cannot load /bms/report/uart.mpy")


def test_firmware_frozen_into_the_image():
    refused(Device(Disk(dict(with_list(OLD))), frozen=("coulomb",)), NEW, "frozen into it")


def test_a_full_file_system_is_found_before_the_first_write():
    device = installed(block_n=20)
    refused(device, NEW, "too full: 84 KiB are needed, 44 KiB are free")
    assert device.disk.steps == []


def test_a_file_system_that_fills_up_on_the_way():
    device = installed(block_n=24)
    device.disk.statvfs = lambda path: (4096, 4096, 24, 24, 24)
    with pytest.raises(FlashError, match="writing /staged/.*: the file system is full"):
        device.disk.free = lambda: 1 if len(device.disk.steps) < 6 else 0
        update(device, NEW)
    assert version(device.disk) == whole(OLD) and device.boot()


def test_a_flash_that_does_not_keep_what_was_written():
    device = installed()
    rename = device.disk.rename

    def worn(old, new):
        rename(old, new)

    real = device.disk.open

    def opened(path, mode="r"):
        file = real(path, mode)
        if "w" in mode and "crc8" in path:
            file.close = lambda: device.disk.files.update({path: b"rotten"})
        return file

    device.disk.rename, device.disk.open = worn, opened
    with pytest.raises(FlashError, match="crc8.mpy does not read back"):
        update(device, NEW)
    assert version(device.disk) == whole(OLD) and device.boot()


def test_without_a_configuration_the_board_keeps_its_own_if_the_firmware_takes_it():
    device = installed()
    update(device, [pair for pair in NEW if pair[0] != CONFIG])
    assert device.disk.files[CONFIG] == b'{"cell_n": 8}'


def test_a_board_without_a_configuration_needs_one():
    without = [pair for pair in OLD if pair[0] != CONFIG]
    fresh = [pair for pair in NEW if pair[0] != CONFIG]
    refused(installed(without), fresh, "no config.json yet: give one with CONFIG=path")


def test_a_configuration_on_the_board_that_the_new_firmware_would_refuse():
    bad = [(path, b'{"cell_n": 99}' if path == CONFIG else data) for path, data in OLD]
    fresh = [pair for pair in NEW if pair[0] != CONFIG]
    refused(installed(bad), fresh, "the board's config.json is refused: cell_n 99")


def test_a_bad_configuration_is_refused_before_anything_is_sent(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"cell_n": 2}')
    with pytest.raises(FlashError, match="mine.json is refused: cell_n 2"):
        gather("pico_bq76952", path)
    with pytest.raises(FlashError, match="nowhere.json"):
        gather("pico_bq76952", tmp_path / "nowhere.json")


def test_a_wrong_port_is_one_line_and_exit_code_2(capsys, monkeypatch):
    monkeypatch.setattr(command, "gather", lambda board, config: with_list(NEW))
    code = command.main(["flash", "--board", "pico_bq76952", "--port", "/dev/nothing_here"])
    out, err = capsys.readouterr()
    assert code == 2 and out == ""
    assert err.startswith("flash: no board on /dev/nothing_here: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    "args, words",
    [
        ([], "BOARD=?: choose one of esp32_bq76952, "),
        (["--board", "sim"], "BOARD=sim: choose"),
        (["--board", "pico_bq76952"], "PORT=?"),
    ],
)
def test_a_forgotten_word_is_named(args, words, capsys, monkeypatch):
    monkeypatch.setattr(command, "gather", lambda board, config: with_list(NEW))
    assert command.main(["flash", *args]) == 2
    assert words in capsys.readouterr().err


# the board meanwhile


def test_the_watchdog_that_the_firmware_left_running_is_fed_with_every_step():
    device = installed()
    update(device, NEW)
    assert device.watchdog_ms == 8300
    assert device.fed > len(device.disk.steps)


def test_the_watchdog_is_lengthened_before_anything_that_takes_long():
    device = installed()
    transports = []
    link = Link("x", open=lambda port: transports.append(Transport(device)) or transports[-1])
    Flash(link, "rp2", with_list(NEW), lambda text: None).install()
    assert "machine.WDT(" in transports[0].calls[0]


def test_a_watchdog_that_bites_while_the_firmware_is_stopped_is_tried_again(monkeypatch):
    monkeypatch.setattr(Link.renew, "__defaults__", (10, lambda: 0, lambda s: device.boot()))
    device = installed()
    bitten = []

    class Bitten(Transport):
        def enter_raw_repl(self, soft_reset=True, timeout_overall=10):
            super().enter_raw_repl()
            device.alive = len(bitten) == 2
            bitten.append(True)

    link = Link("x", open=lambda port: Bitten(device))
    Flash(link, "rp2", with_list(NEW), lambda text: None).install()
    assert len(bitten) == 3 and files_of(device) == dict(with_list(NEW))


def test_the_first_status_line_is_shown():
    device = Device(Disk(), says=["MPY: soft reboot", "cellwarden pico run 50% 0 faults", "more"])
    assert first_status(link_to(device), 1) == "cellwarden pico run 50% 0 faults"


def test_a_firmware_that_does_not_start_is_told_by_the_end_of_its_traceback():
    says = ["Traceback (most recent call last):", '  File "main.py", line 3', "OSError: no chip"]
    with pytest.raises(FlashError, match="does not start: OSError: no chip"):
        first_status(link_to(Device(Disk(), says=says)), 1)


def test_a_board_that_says_nothing():
    with pytest.raises(FlashError, match="has said nothing"):
        first_status(link_to(Device(Disk())), 0.1)


# parts


def test_a_board_on_a_socket_is_emulated_and_gets_more_time():
    assert patience_s("socket://127.0.0.1:4321") > 10 * patience_s("/dev/ttyACM0")
    asked = []
    transport = types.SimpleNamespace(
        exec_raw=lambda code, timeout=10: asked.append(timeout),
        enter_raw_repl=lambda soft_reset=True, timeout_overall=10: asked.append(timeout_overall),
    )
    patient(transport)
    transport.exec_raw("pass")
    transport.enter_raw_repl(soft_reset=True)
    assert min(asked) > 60


def test_the_plan_names_every_change_but_boot_which_goes_first():
    before = {path: sha256(data) for path, data in OLD}
    change = Change(NEW, [path for path, _ in OLD], before)
    assert "boot.py" not in change.lines()
    assert "lib-crc8.mpy /lib/crc8.mpy\n" in change.lines()
    assert "- /bms/gone.mpy\n" in change.lines()
    assert change.lines().endswith("back /previous/plan\ntrial /previous/trial\n")
    assert change.way_back().splitlines()[-1] == "- /lib/added.mpy"
    assert "bms-gone.mpy /bms/gone.mpy\n" in change.way_back() and "boot" not in change.way_back()
    assert "- /config.json" not in Change(NEW[:3], [path for path, _ in OLD], before).lines()


def test_names_in_the_staging_folder_are_distinct():
    names = set(Change(files("pico_bq76952"), [], {}).staged())
    assert len(names) == len(files("pico_bq76952")) and not names & {
        "plan",
        "part",
        "back",
        "trial",
        "tried",
    }


def test_the_installed_list_is_read_back():
    wanted = with_list(NEW)
    assert wanted[-1][0] == INSTALLED
    assert listed(wanted[-1][1].decode()) == [path for path, _ in NEW]


def test_what_hides_a_module_of_ours():
    assert hiding(["main.py", "crc8", "jbd.txt", "bms", "lib"], NEW) == ["/crc8"]


@pytest.mark.parametrize("board", boards())
def test_the_files_of_a_board(board):
    found = dict(files(board))
    assert list(found) == sorted(found)
    for path in ("/boot.py", "/main.py", "/board.mpy", "/lib/regbus.mpy", "/bms/scan.mpy"):
        assert path in found, path
    assert "/bms/report/uart.mpy" in found
    assert not any("manifest" in path or "README" in path for path in found)
    assert {path for path in found if path.endswith(".py")} == {"/boot.py", "/main.py"}
    platform = constant(board, "PLATFORM")
    check_image(platform, platform, (1, 24, 0), MPY, found.items())


def test_the_configuration_comes_along_when_it_is_given(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"cell_n": 8}')
    assert dict(gather("pico_bq76952", path))[CONFIG] == b'{"cell_n": 8}'


def test_a_board_that_is_not_there():
    with pytest.raises(FlashError, match="no board nothing; there are"):
        gather("nothing", None)


def test_mpremote_has_what_we_use_of_it():
    from mpremote.transport_serial import SerialTransport

    assert "timeout" in inspect.signature(SerialTransport).parameters
    for name in ("enter_raw_repl", "exec", "exec_raw_no_follow", "close"):
        ours = inspect.signature(getattr(Transport, name)).parameters
        theirs = inspect.signature(getattr(SerialTransport, name)).parameters
        assert list(ours)[:2] == list(theirs)[:2], name


def test_the_instructions_for_freezing_name_the_manifest(capsys):
    assert command.main(["freeze", "--board", "esp32_bq76952"]) == 0
    out = capsys.readouterr().out
    assert str(ROOT / "boards/esp32_bq76952/manifest.py") in out and "ports/esp32" in out


def test_native_code_is_compiled_for_the_processor_of_the_board():
    arch = {name: dict(files(name))["/lib/fast_native.mpy"][2] >> 2 for name in boards()}
    assert arch["pico_bq76952"] == 4 and arch["esp32_bq76952"] == 10


@pytest.mark.parametrize("board", boards())
def test_a_board_gets_the_driver_of_its_own_monitor_and_no_other(board):
    drivers = {"bq769x0", "bq769x2", "ltc681x", "isl94202"}
    held = {path[5:-4] for path in dict(files(board)) if path.startswith("/lib/")}
    assert len(held & drivers) == 1
    assert {"roles", "crc8", "jbd", "pinbits"} <= held or board == "libresolar_bms_c1"
    assert ("bq769x2_memory" in held) == ("bq769x2" in held), "imported inside a function"
