"""Scenario tests print the worst that physically happened, and run once for each family of monitors."""

import pytest

from boards.sim.families import FAMILIES, FITS
from host_tests.system import rig


@pytest.fixture
def truth(record_property):
    """`truth(sim, words)`: report the plant's excursion at the end of the run."""

    def tell(sim, words=""):
        record_property("truth", f"{words} {sim.plant.worst.words()}".strip())

    return tell


def pytest_generate_tests(metafunc):
    """A test that asks for `family` runs for all but those that `not_for` names, with its reason."""
    if "family" in metafunc.fixturenames:
        left_out = {mark.args[0] for mark in metafunc.definition.iter_markers("not_for")}
        families = [name for name in FAMILIES if name.replace("_spi", "") not in left_out]
        if "wire" in metafunc.fixturenames:  # every one that a family's largest pack has
            wires = [(name, wire) for name in families for wire in range(cells_max(name) + 1)]
            metafunc.parametrize("family, wire", wires, indirect=["family"])
        else:
            metafunc.parametrize("family", families, indirect=True)


def cells_max(family):
    """Cells of the largest pack that we build with this family."""
    values = {"cell_n": 16}
    if family in FITS:
        FITS[family](values)
    return values["cell_n"]


@pytest.fixture
def family(request, monkeypatch):
    """The monitor of every pack that this test makes with `running`."""
    monkeypatch.setattr(rig, "FAMILY", request.param)
    return request.param
