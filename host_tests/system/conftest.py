"""Scenario tests print the worst that physically happened, whether they pass or fail."""

import pytest


@pytest.fixture
def truth(record_property):
    """`truth(sim, words)`: report the plant's excursion at the end of the run."""

    def tell(sim, words=""):
        record_property("truth", f"{words} {sim.plant.worst.words()}".strip())

    return tell
