"""The MicroPython image that the emulated Pico boots: MICROPYTHON_UF2, or the official one of one release.

Nothing here needs the emulator itself, except the download, which is its own.
"""

import os
import subprocess
import sys
from pathlib import Path

RELEASE = "1.28.0"
_NAME = "RPI_PICO-20260406-v1.28.0.uf2"  # what the emulator's list calls that release
_SAYS = b"MicroPython v1.28.0 on 2026-04-06"  # what it calls itself
_MAY_DOWNLOAD = "CELLWARDEN_DOWNLOAD"  # set by the verbs that may use the network
_WAIT_S = 30
_BLOCK_N = 512
_HAS_FAMILY, _RP2040 = 0x2000, 0xE48BFF56  # of a block: flag, and the chip's number
_UF2 = (b"UF2\n\x57\x51\x5d\x9e", b"\x30\x6f\xb1\x0a")  # how a block begins and ends

_failed = []  # why the download did not work, so that it is tried once a run


class NoImage(Exception):
    """There is no MicroPython to boot; the text says what to provide."""


def needing_it(act) -> int:
    """Exit code of a program: `act()`, or the word about what it needs."""
    try:
        act()
    except NoImage as missing:
        print(missing, file=sys.stderr)
        return 2
    return 0


def image() -> str:
    """Path of the image. `NoImage` says what to provide."""
    given = os.environ.get("MICROPYTHON_UF2")
    if given:
        if not os.path.isfile(given):
            raise NoImage(f"NEEDS a MicroPython image: MICROPYTHON_UF2={given} is not there")
        why = _unfit(Path(given).read_bytes())
        if why:
            raise NoImage(f"NEEDS a MicroPython image for the Pico: MICROPYTHON_UF2={given} {why}")
        return given
    kept = cached()
    if kept.is_file() and complaint(kept) is None:
        return str(kept)
    why = _download(kept) if os.environ.get(_MAY_DOWNLOAD) else "make test-target gets it"
    if why:
        raise NoImage(
            f"NEEDS a MicroPython image for the Pico, v{RELEASE}: MICROPYTHON_UF2=/path/to/it.uf2 ({why})"
        )
    return str(kept)


def cached() -> Path:
    """Where the emulator keeps what it has downloaded."""
    return Path.home() / ".cache" / "rp2040py" / _NAME


def complaint(path) -> str | None:
    """Why this file is not the whole pinned release; None when it is."""
    data = Path(path).read_bytes()
    why = _unfit(data)
    if why is None and _SAYS not in b"".join(_payload(block) for block in _blocks(data)):
        why = f"does not say {_SAYS.decode()}"
    return why and f"{_NAME} {why}"


def _unfit(data: bytes) -> str | None:
    """Why no RP2040 boots this; None when it might. The emulator would wait for ever for a part of an image."""
    blocks = _blocks(data)
    if not all(len(b) == _BLOCK_N and b[:8] == _UF2[0] and b[-4:] == _UF2[1] for b in blocks):
        return "is no UF2, or torn"
    if not blocks or _word(blocks[-1], 20) + 1 != _word(blocks[-1], 24):
        return "ends too early"
    if all(_word(b, 8) & _HAS_FAMILY and _word(b, 28) != _RP2040 for b in blocks):
        return "is for another chip than the RP2040"
    return None


def _blocks(data: bytes) -> list:
    return [data[at : at + _BLOCK_N] for at in range(0, len(data), _BLOCK_N)]


def _payload(block: bytes) -> bytes:
    return block[32 : 32 + _word(block, 16)]


def _word(block: bytes, at: int) -> int:
    return int.from_bytes(block[at : at + 4], "little")


def _download(kept: Path) -> str | None:
    """Ask the emulator for it, in a process that can be ended. Why it failed, None when it is there."""
    if not _failed:
        _failed.append(_try(kept))
    return _failed[0]


def _try(kept: Path) -> str | None:
    kept.unlink(missing_ok=True)  # a torn one would be taken for good
    command = [sys.executable, "-m", "rp2040py", "micropython"]
    command += ["--image", RELEASE, "--fetch-fw-only"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    try:
        subprocess.run(command, stderr=subprocess.DEVNULL, timeout=_WAIT_S, check=False, **quiet)
    except subprocess.TimeoutExpired:
        kept.unlink(missing_ok=True)
        return f"no download within {_WAIT_S} s"
    if not kept.is_file():
        return "no network to download it"
    why = complaint(kept)
    if why:
        kept.unlink()
    return why
