"""An update that reaches no verified scan is taken back, whatever is cut; settings and log stay."""

import pytest

from bms.report.proven import Proven
from deploy.plan import with_list
from host_tests.common.scan_rig import Rig
from host_tests.unit.deploy_rig import NEW, OLD, PowerCut, installed, prove, update, version, whole

YOURS = {
    "/settings.a": b"mine",
    "/settings.b": b"mine",
    "/log/events/00": b"record",
    "/key.txt": b"k",
}


def updated(fat=False):
    """A board on which a new version has just been laid, and not yet started."""
    device = installed(fat=fat)
    device.disk.files |= YOURS
    update(device, NEW)
    device.disk.steps.clear()
    return device


def yours(device) -> bool:
    return YOURS.items() <= device.disk.files.items()


@pytest.mark.parametrize("fat", [False, True])
def test_a_version_that_is_proven_stays(fat):
    device = updated(fat)
    assert "/previous/trial" in device.disk.files
    assert device.boot() and device.watchdog_ms == 8300
    prove(device)
    for _ in range(3):
        assert device.boot() and version(device.disk) == whole(NEW) | YOURS
    assert "/previous/rolled" not in device.disk.files


@pytest.mark.parametrize("fat", [False, True])
def test_a_version_that_is_not_proven_in_its_first_start_is_taken_back(fat):
    device = updated(fat)
    assert device.boot() and version(device.disk) == whole(NEW) | YOURS
    assert device.boot() and version(device.disk) == whole(OLD) | YOURS
    assert "/previous/rolled" in device.disk.files
    for _ in range(3):
        assert device.boot() and version(device.disk) == whole(OLD) | YOURS
    update(device, NEW)
    assert (
        version(device.disk) == whole(NEW) | YOURS and "/previous/rolled" not in device.disk.files
    )


@pytest.mark.parametrize("fat", [False, True])
def test_cut_at_every_step_of_the_way_back_it_gets_there(fat):
    device = updated(fat)
    device.boot()
    device.disk.steps.clear()
    device.boot()
    steps = list(device.disk.steps)
    assert len(steps) > 8
    for cut in range(len(steps)):
        device = updated(fat)
        device.boot()
        device.disk.steps.clear()
        device.disk.cut_at = cut
        with pytest.raises(PowerCut):
            device.boot()
        device.disk.cut_at = None
        assert device.boot(), steps[cut]
        assert version(device.disk) == whole(OLD) | YOURS, steps[cut]


@pytest.mark.parametrize("fat", [False, True])
def test_cut_at_every_step_of_an_update_and_never_proven_it_ends_with_the_old_version(fat):
    device = installed(fat=fat)
    device.disk.files |= YOURS
    update(device, NEW)
    steps = list(device.disk.steps)
    for cut in range(len(steps)):
        device = installed(fat=fat)
        device.disk.files |= YOURS
        device.disk.cut_at = cut
        with pytest.raises(Exception, match="lost the board while"):
            update(device, NEW)
        device.disk.cut_at = None
        assert device.boot() and device.boot() and device.boot(), steps[cut]
        assert version(device.disk) == whole(OLD) | YOURS, steps[cut]


def test_the_first_version_on_a_board_is_on_no_trial():
    from host_tests.unit.deploy_rig import Device, Disk

    device = Device(Disk())
    update(device, NEW)
    assert not any(path.startswith("/previous") for path in device.disk.files)
    for _ in range(3):
        assert device.boot() and device.disk.files == dict(with_list(NEW))


def test_a_mark_without_a_way_back_does_not_keep_the_board_from_starting():
    device = installed(NEW)
    device.disk.folders.add("/previous")
    device.disk.files["/previous/tried"] = b""
    assert device.boot() and version(device.disk) == whole(NEW)


def test_the_first_verified_scan_ends_the_trial(tmp_path):
    mark = tmp_path / "tried"
    mark.write_text("")
    rig = Rig(0)
    proven = Proven(rig.scan, str(mark))
    assert not proven.look() and mark.exists()
    for _ in range(20):
        rig.run(1)
        if proven.look():
            break
    assert not mark.exists() and rig.scan.ready()
    assert proven.look()  # there is nothing to remove, and that is all


def test_a_monitor_that_never_answers_proves_nothing(tmp_path):
    mark = tmp_path / "tried"
    mark.write_text("")
    rig = Rig(0)
    rig.roles.fail.add("all")
    proven = Proven(rig.scan, str(mark))
    for _ in range(20):
        rig.run(1)
        assert not proven.look()
    assert mark.exists()
