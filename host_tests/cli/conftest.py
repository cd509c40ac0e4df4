"""The desk that most tests sit at."""

import pytest

from host_tests.cli.cli_rig import Desk


@pytest.fixture
def desk(tmp_path, capsys, monkeypatch):
    """A commissioned board, and a person of whom this machine knows nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("CELLWARDEN_PORT", "CELLWARDEN_KEY", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    desk = Desk(tmp_path, capsys)
    yield desk
    desk.served.end()
