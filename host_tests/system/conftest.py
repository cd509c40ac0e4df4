"""Scenario tests print the worst that physically happened, whether they pass or fail."""

import pytest


@pytest.fixture
def truth(record_property):
    """`truth(sim, words)`: report the plant's excursion at the end of the run."""

    def tell(sim, words=""):
        record_property("truth", f"{words} {sim.plant.worst.words()}".strip())

    return tell


def pytest_terminal_summary(terminalreporter):
    lines = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == "truth":
                    lines.append(f"{report.nodeid.split('::')[-1]}: {value}")
    if lines:
        terminalreporter.section("what physically happened")
        for line in sorted(lines):
            terminalreporter.line(line)
