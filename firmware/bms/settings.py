"""Settings: what the installer gave (config.json), and what was changed since, kept twice.

The store holds every given value by its place in the field table, which only ever grows, and a checksum
of the config.json it began from. Limits never loosen through damage: one damaged copy changes nothing,
and whenever what is in force might not be what a person last confirmed, `held` is true and the FETs stay
off until somebody calls `acknowledge`. docs/blackbox.md has the table of cases.

Only a start needs this, like `bms.config`; whoever changes settings later loads it again.
"""

import binascii
import hashlib
import json
import struct

from micropython import const

from abstore import DAMAGED, EMPTY, MENDED, NEWER, ABStore, FileSlot
from bms.chemistry import names
from bms.config import Config, ConfigError, from_json
from bms.fields import FIELDS
from bms.journal import SETTINGS
from bms.pack import HOLD_SETTINGS

LAYOUT = const(1)
CONFIRMED = "confirmed"  # hash of what somebody has seen, instead of values
_HEAD = "<IBBH"  # checksum of config.json, 0, chemistry, number of pairs
_HEAD_N = const(8)
_PAIR = "<Bi"  # place in the field table, value
_PAIR_N = const(5)

# where the configuration in force came from: item of a SETTINGS record
STORED = const(0)  # the store, as last confirmed
FIRST = const(1)  # config.json, nothing was stored yet
GIVEN = const(2)  # config.json: the installer has laid down another one
EDITED = const(3)  # config.json: somebody has, or it was damaged; FETs held off
FACTORY = const(4)  # config.json: the store is damaged; FETs held off
MENDED_ONE = const(5)  # the store; one copy was damaged
CHANGED = const(6)  # a change was stored and is in force after the next start
ACKNOWLEDGED = const(7)
REFUSED_FILE = const(8)  # the store; config.json is another one and cannot be used
UNSTORED = const(9)  # config.json; it could not be stored
UNUSABLE = const(10)  # nothing of that can be used: what ran last, or the factory's; FETs held off
TO_BE_LOOKED_AT = (EDITED, FACTORY, MENDED_ONE, REFUSED_FILE, UNSTORED, UNUSABLE)
SOURCES = (
    "stored",
    "first start",
    "new config.json",
    "config.json edited or damaged, FETs held off",
    "store damaged, config.json instead, FETs held off",
    "stored, one damaged copy mended",
    "changed, from the next start on",
    "acknowledged",
    "stored; config.json cannot be used",
    "config.json, which could not be stored",
    "not usable, others instead, FETs held off",
)


class Settings:
    """The store and the file beside it. `load` once at start; `problems`: sentences for a person."""

    def __init__(self, slots=None, path: str = "config.json", installed: str = "installed.txt"):
        if slots is None:
            slots = (FileSlot("settings.a"), FileSlot("settings.b"))
        self._store = ABStore(slots, LAYOUT)
        self._path = path
        self._installed = installed
        self._crc = 0  # of config.json, 0 = there is none
        self._foreign = b""  # pairs of fields that a newer firmware had: kept for it
        self.given = {}  # what a person gave: the rest is derived or default
        self.source = STORED
        self.held = False  # FETs stay off until `acknowledge`
        self.problems = []

    def load(self) -> Config:
        """The configuration to run with. `ConfigError`: nobody has described this pack."""
        text = self._read_file()
        stored = self._read_store()
        if stored is None:
            return self._without_store(text)
        if self._crc and self._crc != stored[1] and not self._same(text):
            return self._another(text, stored)
        self.source = MENDED_ONE if self._store.state == MENDED else STORED
        if self.source == MENDED_ONE:
            self.problems.append("one copy of the settings was damaged; the other is in force")
        return stored[0]

    def try_load(self):
        """`load`, or None: for who has others, or mends what cannot be used."""
        try:
            return self.load()
        except ConfigError:
            return None

    def want(self, values: dict) -> dict:
        """What `bms.wanted` has kept, beside what is stored. `ValueError`: that is another than it was."""
        config = self.try_load()
        if self.source == GIVEN:
            raise ValueError("another config.json has been installed since")
        if CONFIRMED not in values:
            return values
        if config is None or config.hash != values[CONFIRMED]:
            raise ValueError("config.json is not what was confirmed any more")
        return self.given

    def change(self, values: dict, check=None) -> Config:
        """Store these values, whole; in force after the next start. `ConfigError`, `OSError`: nothing is.
        `check(config)` raises what else is wrong with them.
        """
        config = Config(values)
        if check is not None:
            check(config)
        self._save(values)
        self.source = CHANGED
        return config

    def acknowledge(self) -> None:
        """A person has looked at what is in force and wants it: store it, hold no longer."""
        self._save(self.given)
        self.held = False
        self.source = ACKNOWLEDGED

    def _without_store(self, text) -> Config:
        if text is None:
            raise ConfigError([self._path + " cannot be read, and no settings are stored"])
        config = self._from_text(text)
        if self._store.state == EMPTY:
            self.source = FIRST
            self._try_save()
        else:
            self._hold(FACTORY, "the stored settings are damaged: " + self._path + " is in force")
        return config

    def _another(self, text, stored) -> Config:
        """config.json is not the one that the stored settings began from."""
        try:
            config = self._from_text(text)
        except ConfigError as error:
            self.given = stored[2]
            self._crc = stored[1]
            self.source = REFUSED_FILE
            self.problems.append(
                self._path + " is refused, the stored settings stay: " + str(error)
            )
            return stored[0]
        if self._is_installed(text):
            self.source = GIVEN
            self._try_save()
        else:
            self._hold(EDITED, self._path + " is not what was installed")
        return config

    def _hold(self, source: int, problem: str) -> None:
        self.source = source
        self.held = True
        self.problems.append(problem + "; FETs stay off until acknowledged")

    def _same(self, text) -> bool:
        """The file says what is stored, only in other words (blanks, order)."""
        try:
            return dict(from_json(text).as_dict()) == dict(Config(self.given).as_dict())
        except ConfigError:
            return False

    def _from_text(self, text) -> Config:
        config = from_json(text)
        self.given = json.loads(text)
        return config

    def _read_file(self):
        try:
            with open(self._path, "rb") as file:
                data = file.read()
            text = str(data, "utf-8")
            self._crc = binascii.crc32(data) or 1
            return text
        except (OSError, ValueError):  # ValueError: not text
            return None

    def _is_installed(self, text: str) -> bool:
        """Its hash is in the list that `make flash` lays down with what it installs."""
        digest = binascii.hexlify(hashlib.sha256(text.encode()).digest()).decode()
        try:
            with open(self._installed) as file:
                for line in file:
                    if line.strip() == digest + " /" + self._path.split("/")[-1]:
                        return True
        except (OSError, ValueError):
            pass
        return False

    def _read_store(self):
        """(configuration, checksum of its config.json, given values), or None."""
        data = self._store.load()
        if data is None:
            if self._store.state == NEWER:
                self.problems.append("the stored settings are those of a newer firmware")
            return None
        try:
            crc, given = self._decode(data)
            config = Config(given)
        except (ConfigError, ValueError, IndexError) as error:
            self.problems.append("the stored settings are refused: " + str(error))
            self._store.state = DAMAGED
            return None
        self.given = given
        return config, crc, given

    def _decode(self, data):
        if len(data) < _HEAD_N:
            raise ValueError("length")
        crc, _, chemistry, pair_n = struct.unpack_from(_HEAD, data)
        if len(data) != _HEAD_N + pair_n * _PAIR_N:
            raise ValueError("length")
        given = {"chemistry": names()[chemistry]}
        for i in range(pair_n):
            at = _HEAD_N + i * _PAIR_N
            place, value = struct.unpack_from(_PAIR, data, at)
            if place < len(FIELDS):
                given[FIELDS[place][0]] = value
            else:
                self._foreign += data[at : at + _PAIR_N]
        return crc, given

    def _save(self, given: dict) -> None:
        self._store.save(encode(given, self._crc, self._foreign))
        self.given = given

    def _try_save(self) -> None:
        """Store what config.json says. It is there itself, so that a full disk is no reason not to run."""
        try:
            self._save(self.given)
        except OSError as error:
            self.source = UNSTORED
            self.problems.append("settings could not be stored: " + str(error))


def encode(given: dict, crc: int, foreign: bytes = b"") -> bytes:
    """Given values as the store keeps them."""
    pairs = b""
    for place in range(len(FIELDS)):
        name = FIELDS[place][0]
        if name in given:
            pairs += struct.pack(_PAIR, place, given[name])
    chemistry = names().index(given.get("chemistry", names()[0]))
    pairs += foreign
    return struct.pack(_HEAD, crc, 0, chemistry, len(pairs) // _PAIR_N) + pairs


def change(values: dict, settings=None, check=None, anew: bool = False) -> int:
    """What a reporter's `on_config` needs: store; -> hash of the next start. Refused while held, but `anew`."""
    settings = Settings() if settings is None else settings
    settings.try_load()
    if settings.held and not anew:
        raise OSError("settings wait to be acknowledged")
    return settings.change(values, check).hash


def acknowledge(pack, settings=None) -> None:
    """A person wants what is in force: store it, and hold the FETs no longer. `OSError`: still held."""
    settings = Settings() if settings is None else settings
    if settings.load().hash != pack.config.hash:
        raise OSError("not what is in force: change the settings, or start again")
    settings.acknowledge()
    pack.unhold(HOLD_SETTINGS)
    value = pack.config.hash
    pack.journal.note(SETTINGS, ACKNOWLEDGED, -1, value, value, pack)
