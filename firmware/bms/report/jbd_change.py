"""JBD's settings and everything by which it changes something: loaded by who may, when he does.

The state is the slave's: `bms.report.jbd_slave`.
"""

from micropython import const

from bms import bits
from bms.pack import HOLD_SETTINGS
from bms.report import jbd_settings
from bms.report.jbd_slave import MADE
from jbd import OK, REFUSED, UNKNOWN
from roles import BOTH, CHG, DSG

_MAKER = "Cellwarden"
_FACTORY = const(0x5678)
_COMMIT = const(0x2828)
_FACTORY_MS = const(60000)  # without a request for settings the factory mode ends
_CLEAR_FAULTS = const(0x0400)
_FUNCTIONS = const(0x0006)  # of register 2D: balances, a load that goes ends a short
_NO_FIELDS = ("hash", "source")  # integers of `bms.values`
_FB_FETS = ((0x00, DSG), (0x01, CHG), (0x0A, BOTH))


def write(slave) -> int:
    """Status of a write that got this far."""
    register = slave.requests.register
    if register == 0x00:
        return _enter_factory(slave)
    if register == 0x01:
        return _leave_factory(slave)
    if register == 0x0A:
        return _command(slave)
    if register == 0xE1:
        return _lock_fets(slave)
    if register == 0xFB:
        return _lock_one(slave)
    return _change(slave, register)


def read(slave, register: int) -> int:
    """Length of the reply to a request for a setting, in factory mode."""
    slave.factory_ms = _FACTORY_MS
    config = slave.pack.config
    row = jbd_settings.setting(register)
    if row is not None:
        return slave.value(jbd_settings.encode(row, config))
    if register == 0x15:
        return slave.value(MADE)
    if register == 0x17:
        return slave.value(slave.pack.soc.cycles)
    if register == 0x2D:
        return slave.value(_FUNCTIONS)
    if register == 0x2E:
        return slave.value((1 << config.ntc_n) - 1)
    if register in (0x14, 0x16, 0x30, 0x31):  # self-discharge, serial number, times of others
        return slave.value(0)
    if register in (0xA0, 0xA1, 0xA2):
        text = (_MAKER, slave.pack.name, "")[register - 0xA0]
        return slave.begin().byte(min(len(text), 31)).text(text).end()
    return slave.say(UNKNOWN)


def _enter_factory(slave) -> int:
    if slave.requests.n != 2 or slave.requests.word() != _FACTORY:
        return REFUSED
    slave.factory_ms = _FACTORY_MS
    slave.changes.clear()
    return OK


def _leave_factory(slave) -> int:
    """With 2828: settings written meanwhile take effect all or not at all, and counters start over."""
    commit = slave.requests.n == 2 and slave.requests.word() == _COMMIT and slave.factory_ms
    slave.factory_ms = 0
    status = OK
    if commit:
        for i in range(len(slave.cleared)):
            slave.cleared[i] = slave.count(i)
        status = _commit(slave)
    slave.changes.clear()
    return status


def _change(slave, register: int) -> int:
    row = jbd_settings.setting(register)
    allowed = slave.factory_ms and slave.unlocked_ms and slave.on_config is not None
    if not allowed or row is None or slave.requests.n != 2:
        return REFUSED
    meant = jbd_settings.decode(row, slave.requests.word())
    if meant is None:
        return REFUSED
    slave.factory_ms = _FACTORY_MS
    slave.changes[meant[0]] = meant[1]
    return OK


def _commit(slave) -> int:
    if not slave.changes or slave.on_config is None:
        return OK
    # nobody has confirmed the others that it would store as well
    if slave.pack.held & HOLD_SETTINGS:
        return REFUSED
    values = _in_force(slave.pack.config)
    values.update(slave.changes)
    try:
        slave.on_config(values)
    except (ValueError, OSError, MemoryError):  # not valid, or not stored: nothing has changed
        return REFUSED
    return OK


def _in_force(config) -> dict:
    """As `config.as_dict`, without the field table: where memory is short the next start has room for it."""
    values = {"chemistry": config.chemistry}
    for name, value in config.__dict__.items():
        if type(value) is int and name not in _NO_FIELDS:
            values[name] = value
    return values


def _command(slave) -> int:
    """0A: of its commands only the one that a careful person may give to any BMS."""
    if slave.requests.n != 2 or slave.requests.word() != _CLEAR_FAULTS:
        return REFUSED
    slave.pack.request(bits.REQ_CLEAR)
    return OK


def _lock_fets(slave) -> int:
    if slave.requests.n != 2 or slave.requests.word() > 3:
        return REFUSED
    wish = slave.requests.word()
    slave.pack.lock_fets((CHG if wish & 1 else 0) | (DSG if wish & 2 else 0))
    return OK


def _lock_one(slave) -> int:
    """FB YY XX: which FET, 1 = off."""
    which, off = slave.requests.data[0], slave.requests.data[1]
    for code, fets in _FB_FETS:
        if slave.requests.n == 2 and which == code and off <= 1:
            locked = slave.pack.lock
            slave.pack.lock_fets(locked | fets if off else locked & ~fets)
            return OK
    return UNKNOWN
