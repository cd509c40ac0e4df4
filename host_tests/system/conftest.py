"""Scenario tests print the worst that physically happened, and run once for each family of monitors."""

import pytest

from boards.sim.families import FAMILIES
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
        families = [name for name in FAMILIES if name not in left_out]
        metafunc.parametrize("family", families, indirect=True)


@pytest.fixture
def family(request, monkeypatch):
    """The monitor of every pack that this test makes with `running`."""
    monkeypatch.setattr(rig, "FAMILY", request.param)
    return request.param
