"""What the tests of the target share. None of them runs without an image."""

import pytest

from host_tests.target import rig


@pytest.fixture(scope="session", autouse=True)
def an_image():
    rig.need()


@pytest.fixture(scope="session")
def started(an_image):
    """A pack that has been protected for half a second. Use it in a copy: `rig.apart`."""
    return rig.started()
