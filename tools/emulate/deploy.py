"""The files of a board in the emulated Pico's flash, kept for the next time under their hash."""

import hashlib
import json
from pathlib import Path

from deploy.files import files
from emulate.pico import Pico, image

ROOT = Path(__file__).resolve().parents[2]
_KEPT = ROOT / "build" / "emulate"
_CHUNK = 1200


def content(board: str, config: dict, patches=None) -> list:
    """(path, bytes) of everything on the device. `patches`: source file -> function of its text."""
    found = [pair for pair in files(board) if pair[0] != "/config.json"]
    found.append(("/config.json", json.dumps(config).encode()))
    for path, data in (patches or {}).items():
        stem = path.removesuffix(".py")
        found = [pair for pair in found if pair[0] not in (path, stem + ".mpy")]
        found.append((path, data))
    return found


def flash_with(pairs) -> bytes:
    """A file system that holds these files: written by MicroPython itself, once for each content."""
    digest = hashlib.sha256(Path(image()).read_bytes())
    for path, data in pairs:
        digest.update(path.encode() + b"\0" + data + b"\0")
    kept = _KEPT / (digest.hexdigest()[:24] + ".img")
    if kept.is_file():
        return kept.read_bytes()
    pico = Pico()
    pico.boot()
    pico.enter_raw()
    for folder in sorted({str(Path(path).parent) for path, _ in pairs} - {"/"}):
        pico.execute(f"import os\ntry: os.mkdir({folder!r})\nexcept OSError: pass")
    pico.execute("from binascii import unhexlify as u")
    for path, data in pairs:
        pico.execute(f"f=open({path!r},'wb')")
        for at in range(0, len(data), _CHUNK):
            pico.execute(f"f.write(u({data[at : at + _CHUNK].hex()!r}))")
        pico.execute("f.close()")
    pico.run_ms(50)
    _KEPT.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pico.flash())
    return pico.flash()
