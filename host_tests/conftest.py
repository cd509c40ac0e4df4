"""Settings for all tests, and a loud list of what could not be tested on this machine."""

from collections import Counter

from hypothesis import settings

# The same examples on every machine and in every run; no deadline on a machine that others share.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
# For a search: pytest --hypothesis-profile=search
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("repeatable")


def pytest_terminal_summary(terminalreporter):
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
