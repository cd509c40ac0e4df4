"""What a script finds on the virtual machine."""

import pytest

import vm


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    """Lays a folder like a device's, as sources or compiled."""
    try:
        vm.command()
    except vm.Missing as missing:
        pytest.skip(str(missing))

    def lay(mpy: bool = False):
        folder = tmp_path_factory.mktemp("tree")
        vm.lay_tree(folder, mpy=mpy)
        return folder

    return lay


@pytest.fixture(scope="module")
def tree(laid):
    """A folder like a device's, as sources."""
    return laid()
