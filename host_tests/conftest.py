"""Settings for all tests, and a loud list of what could not be tested on this machine."""

import sys
from collections import Counter

import pytest
from hypothesis import settings

# The same examples on every machine and in every run; no deadline on a machine that others share.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
# For a search: pytest --hypothesis-profile=search
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("repeatable")

_FORGETS = ("abstore", "bms", "bq769x2_memory")


@pytest.fixture(autouse=True)
def one_module_of_each_name():
    """The firmware forgets modules while it runs; the next test finds those its own file has imported."""
    before = {
        name: module for name, module in sys.modules.items() if name.split(".")[0] in _FORGETS
    }
    yield
    for name, module in before.items():
        sys.modules[name] = module
        package, _, last = name.rpartition(".")
        if package:
            setattr(sys.modules[package], last, module)


def pytest_terminal_summary(terminalreporter):
    tell_truths(terminalreporter)
    tell_needs(terminalreporter)


def tell_truths(terminalreporter):
    """The worst that physically happened in each scenario; here, since xdist reads no deeper conftest."""
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


def tell_needs(terminalreporter):
    reasons = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        if isinstance(report.longrepr, tuple):
            reasons[report.longrepr[2].removeprefix("Skipped: ")] += 1
    needs = {reason: count for reason, count in reasons.items() if reason.startswith("NEEDS")}
    if not needs:
        return
    terminalreporter.section("NOT TESTED HERE", sep="!", red=True, bold=True)
    for reason, count in sorted(needs.items()):
        terminalreporter.line(f"{count:5} tests: {reason}", yellow=True)
