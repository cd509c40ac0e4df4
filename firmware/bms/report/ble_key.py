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


def read_key(path: str = PATH):
    """The key, or None when there is none that is whole: then nobody can unlock."""
    try:
        with open(path) as file:
            key = binascii.unhexlify(file.read().strip())
    except (OSError, ValueError):
        return None
    return key if len(key) == _KEY_N else None


def new_key(path: str = PATH) -> str:
    """Draw a key, keep it, and tell it in groups to be typed. It counts from the next start on."""
    digits = binascii.hexlify(os.urandom(_KEY_N)).decode()
    with open(path, "w") as file:
        file.write(digits)
    return " ".join([digits[i : i + 4] for i in range(0, len(digits), 4)])
