"""Where a log comes from: one file of segments, or the folder that was copied from a device."""

from pathlib import Path

from replay.chain import SIZE, Log, logs

KEY_FILE = "device.key"
_NOT_LOGS = (KEY_FILE, "count.a", "count.b")


def read(path: Path, key: bytes | None = None) -> dict[int, Log]:
    """Every log at `path`. `OSError` and `ValueError` say what is wrong with it."""
    if path.is_dir():
        files = sorted(item for item in path.rglob("*") if item.is_file())
        blocks = [item.read_bytes() for item in files if item.name not in _NOT_LOGS]
        if any(len(block) > SIZE for block in blocks):
            raise ValueError(f"{path}: a file is larger than a segment of {SIZE} bytes")
        dump = b"".join(block.ljust(SIZE, b"\xff") for block in blocks)
    else:
        dump = path.read_bytes()
        dump += b"\xff" * (-len(dump) % SIZE)
    found = logs(dump, key)
    if not found:
        raise ValueError(f"{path}: no record of a Cellwarden log in {len(dump)} bytes")
    return found


def key_for(path: Path, given: str | None) -> bytes | None:
    """The device's key: as given (64 hex digits or a file), or lying in the folder."""
    if given is None:
        beside = path / KEY_FILE
        return beside.read_bytes() if beside.is_file() else None
    try:
        return bytes.fromhex(given)
    except ValueError:
        return Path(given).read_bytes()
