"""What the tests of the target share. None of them runs without an image."""

from pathlib import Path

import pytest

from host_tests.target import rig

HERE = Path(__file__).parent
GROUPS = {
    "test_life": "started",
    "test_trouble": "started",
    "test_random": "started",
    "test_desk": "started",
    "test_desk_rest": "started",
}


def pytest_collection_modifyitems(items):
    """Tests that share an expensive start go to the same worker."""
    for item in items:
        if item.path.parent == HERE:
            group = GROUPS.get(item.path.stem, item.path.stem)
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session", autouse=True)
def an_image():
    rig.need()


@pytest.fixture(scope="session")
def started(an_image):
    """A pack that is protected, every reporter loaded. Use it in a copy: `rig.apart`."""
    return rig.started()
