"""Nothing has changed since a start that checked everything: what it found is used again.

Checking the settings needs every table of fields and relations: 0.4 s and 40 KiB of a Pico's start; what
the monitor's driver makes of them another 0.1 s. Once a start has done it and is held by nothing, both go into
a file, with a checksum of every file that they follow from, the list of installed firmware among them. The next
start takes them if both checksums are right, and else checks again. Without `installed.txt` (nobody ran
`make flash`) nothing is kept.
"""

import binascii
import hashlib
import struct

from micropython import const

from bms.values import Values
from bms.version import VERSION

PATH = "unchanged.bin"
_INSTALLED = "installed.txt"
_FROM = ("config.json", "settings.a", "settings.b", "commission.a", "commission.b")
# checksum of all that follows, of the files, bytes of `packed`, of the monitor's image and of the fault table,
# number of values
_HEAD = "<IIHHHH"
_HEAD_N = const(16)
_FORMAT = const(3)  # the checksum begins with it
_CRC_N = const(4)
_CHUNK_N = const(1024)
_HASH_MAX = const(0x3FFFFFFF)


def files_sum(root: str = "") -> int:
    """Checksum of all files that settings follow from; 0 = it is not known which firmware this is.

    Of the version, too: firmware that is built into an image leaves the list of installed files as it was.
    A file that ends in its own CRC-32 leaves the same one whatever is in it, so theirs is another sum. Of the
    long list of files a CRC-32 will do, and is quicker.
    """
    total = hashlib.sha256(VERSION.encode())
    chunk = bytearray(_CHUNK_N)
    crc = 0
    for part in _parts(root + _INSTALLED, chunk):
        crc = binascii.crc32(part, crc)
    if not crc:
        return 0
    for name in _FROM:
        total.update(name.encode())
        for part in _parts(root + name, chunk):
            total.update(part)
    return struct.unpack_from("<I", total.digest())[0] ^ crc or 1


def _parts(path: str, chunk):
    """Its bytes, some at a time; none when there is no such file, which counts, too."""
    try:
        with open(path, "rb") as file:
            n = file.readinto(chunk)
            while n:
                yield memoryview(chunk)[:n]
                n = file.readinto(chunk)
    except OSError:
        pass


def save(values, image: bytes = b"", rows: bytes = b"", root: str = "") -> bool:
    """Keep checked values, with `guard.image()` and `fault_rows.resolved` of them. `OSError`: the file system
    is full; then they are checked at every start."""
    crc = files_sum(root)
    if not crc:
        return False
    names = [name for name, value in values.__dict__.items() if type(value) is int]
    text = values.chemistry + " " + " ".join(names)
    numbers = b"".join([struct.pack("<i", getattr(values, name)) for name in names])
    head = struct.pack("<IHHHH", crc, len(values.packed), len(image), len(rows), len(names))
    data = head + values.packed + image + rows + numbers + text.encode()
    with open(root + PATH, "wb") as file:
        file.write(struct.pack("<I", binascii.crc32(data, _FORMAT)))
        file.write(data)
    return True


def load(root: str = "", stale: bool = False):
    """Values that need no checking, or None. `stale`: those of the last start that was held by nothing."""
    try:
        with open(root + PATH, "rb") as file:
            data = memoryview(file.read())
    except OSError:
        return None
    if len(data) < _HEAD_N:
        return None
    crc, of_files, packed_n, image_n, rows_n, n = struct.unpack_from(_HEAD, data)
    if crc != binascii.crc32(data[_CRC_N:], _FORMAT) or not (stale or of_files == files_sum(root)):
        return None
    values = Values()
    at = _HEAD_N + packed_n
    values.packed = bytes(data[_HEAD_N:at])
    values.image = b"" if stale else bytes(data[at : at + image_n])
    at += image_n
    values.rows = b"" if stale else bytes(data[at : at + rows_n])
    at += rows_n
    names = str(data[at + 4 * n :], "utf-8").split(" ")
    values.chemistry = names.pop(0)
    for name in names:
        setattr(values, name, struct.unpack_from("<i", data, at)[0])
        at += 4
    return values if values.hash == binascii.crc32(values.packed) & _HASH_MAX else None
