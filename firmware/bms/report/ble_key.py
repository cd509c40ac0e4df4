"""The device's key on its flash: 32 hexadecimal digits in `/key.txt`.

At the prompt (`make repl`), once, and never shown again:

    >>> from bms.report.ble_key import new_key
    >>> new_key()
    '5f1c 09a2 ...'
"""

import binascii
import os

from micropython import const

_KEY_N = const(16)  # as `auth.KEY_N`, which need not be in memory for this
PATH = "/key.txt"
_NEW = ".new"


def read_key(path: str = PATH):
    """The key, or None when there is none that is whole: then nobody can unlock."""
    for name in (path, path + _NEW):
        try:
            with open(name) as file:
                key = binascii.unhexlify(file.read().strip())
        except (OSError, ValueError):
            continue
        if len(key) == _KEY_N:
            return key
    return None


def write_key(key: bytes, path: str = PATH) -> None:
    """Keep a key: a power cut leaves the old one or this."""
    with open(path + _NEW, "w") as file:
        file.write(binascii.hexlify(key).decode())
    try:
        os.rename(path + _NEW, path)
    except OSError:  # FAT does not rename onto a file
        os.remove(path)
        os.rename(path + _NEW, path)
    if read_key(path) != key:
        raise OSError("the key is not kept")


def owned(path: str = PATH) -> bool:
    """There is a key, be it damaged: who only holds the cable does not own this board."""
    for name in (path, path + _NEW):
        try:
            os.stat(name)
            return True
        except OSError:
            pass
    return False


def new_key(path: str = PATH) -> str:
    """Draw a key, keep it, and tell it in groups to be typed. It counts from the next start on."""
    key = os.urandom(_KEY_N)
    write_key(key, path)
    digits = binascii.hexlify(key).decode()
    return " ".join([digits[i : i + 4] for i in range(0, len(digits), 4)])
