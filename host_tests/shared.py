"""Where third-party vectors and data are, when they are there at all."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared(relative: str) -> Path:
    """Path of a shared reference file; skips the test, and says what to provide, when it is absent."""
    base = Path(os.environ.get("CELLWARDEN_SHARED", ROOT.parent / "shared"))
    path = base / relative
    if not path.exists():
        pytest.skip(f"NEEDS {relative}: set CELLWARDEN_SHARED to the folder that holds it")
    return path
