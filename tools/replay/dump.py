"""Where a log comes from: one file of segments, or the folder that was copied from a device."""

import contextlib
from pathlib import Path

from replay.chain import SIZE, Log, logs

KEY_FILE = "device.key"
_KEY_N = 32
_DUMP_N = 64 << 20  # FRAM, a partition: far more than a device has
_NOT_LOGS = (KEY_FILE, "count.a", "count.b")


def read(path: Path, key: bytes | None = None) -> dict[int, Log]:
    """Every log at `path`. `OSError` and `ValueError` say what is wrong with it."""
    if path.is_dir():
        files = sorted(item for item in path.rglob("*") if item.is_file() and _is_log(item))
        blocks = [_beginning(item, SIZE + 1) for item in files]
        if any(len(block) > SIZE for block in blocks):
            raise ValueError(f"{path}: a file is larger than a segment of {SIZE} bytes")
        dump = b"".join(block.ljust(SIZE, b"\xff") for block in blocks)
    else:
        dump = _beginning(path, _DUMP_N + 1)
        if len(dump) > _DUMP_N:
            raise ValueError(f"{path}: more than {_DUMP_N >> 20} MiB: that is no log")
        dump += b"\xff" * (-len(dump) % SIZE)
    found = logs(dump, key)
    if not found:
        raise ValueError(f"{path}: no record of a Cellwarden log in {len(dump)} bytes")
    return found


def _is_log(path: Path) -> bool:
    """Not the beginning of a longer version of a segment that lies beside it: a transfer was stopped."""
    begun = path.suffix == ".part" and path.with_suffix("").is_file()
    return path.name not in _NOT_LOGS and not begun


def key_for(path: Path, given: str | None) -> bytes | None:
    """The device's key: as given (64 hex digits or a file), or lying in the folder."""
    if given is None:
        beside = path / KEY_FILE
        return _beginning(beside, _KEY_N) if beside.is_file() else None
    try:
        key = bytes.fromhex(given)
    except ValueError:
        key = _of_file(Path(given))
    if len(key) != _KEY_N:
        raise ValueError(
            f"a device's key has 64 hex digits, or 32 bytes in a file: {given!r} has not"
        )
    return key


def _of_file(path: Path) -> bytes:
    """As the device has it, or as somebody has written it down."""
    try:
        data = _beginning(path, 4 * _KEY_N)
    except OSError as error:
        raise ValueError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    if len(data) != _KEY_N:
        with contextlib.suppress(ValueError):
            return bytes.fromhex(data.decode("ascii", "replace"))
    return data


def _beginning(path: Path, most: int) -> bytes:
    """Not more than this of what may not be a file at all, and have no end."""
    with open(path, "rb") as file:
        return file.read(most)
