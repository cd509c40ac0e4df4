"""The cable's channel on a board: what its commands reach there. Loaded when somebody first asks."""

import json
import os

from machine import reset

from auth import KeyLock
from bms.report.ble_key import PATH, owned, read_key, write_key
from bms.report.link import Link
from bms.report.link_store import Store


class BoardHost:
    """`on_config(values)` stores settings; `on_acknowledge()`; `restart()`: None = the board's own reset.
    `locks`: of every line, so that they have one key.
    """

    def __init__(self, on_config, on_acknowledge, restart=None, key_path: str = PATH, locks=None):
        self._on_config = on_config
        self._on_acknowledge = on_acknowledge
        self._key_path = key_path
        self.locks = [] if locks is None else locks
        self.restart = reset if restart is None else restart

    def configure(self, text: str) -> None:
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("settings are one object of field names and integers")
        self._on_config(values)

    def acknowledge(self) -> None:
        self._on_acknowledge()

    def set_key(self, key: bytes) -> None:
        write_key(key, self._key_path)
        for lock in self.locks:
            lock.key = key

    def owned(self) -> bool:
        return owned(self._key_path)


def make(pack, name: str, host, boxes, slave=None, extra=None, root: str = "", key_path=PATH):
    """The channel of one line. `boxes`: the black box, once there is one."""

    def places():
        return boxes[0].places if boxes else ()

    lock = KeyLock(read_key(key_path))
    if host is not None:
        host.locks.append(lock)
    return Link(pack, slave, lock, os.urandom, Store(pack, name, places, root), host, extra)
