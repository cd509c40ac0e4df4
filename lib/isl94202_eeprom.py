"""The number of cells of an ISL94202 is in its EEPROM: put it there, once in the life of a board.

    from time import sleep_us
    from machine import I2C, Pin
    from isl94202_eeprom import set_cells
    from regbus import RegBus

    bus = RegBus(I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000), 0x28, name="isl94202")
    print(set_cells(bus, 4, sleep_us))
Written only if it is another one; then take the supply away for a moment, the chip looks at it when it
starts. The FETs must be off: a chip with the wrong number of cells measures inputs that carry none.

The first access to a page of four bytes only recalls it, what it reads or writes is worth nothing; bytes
are written one at a time (data sheet FN8889; Renesas support). Cut short at any moment, what is left is
the old number or one that `probe` refuses, and the next call mends it.
"""

from micropython import const

from isl94202_config import SELECT

_CELL_SELECT = const(0x48)  # page: MOD, CELL, SETUP0, SETUP1
_CELL = const(1)
_EEEN = const(0x89)
_PAGE_N = const(4)
_RECALL_US = const(2000)  # more than 200
_WRITE_US = const(35000)  # 30 ms


def _page(bus, sleep_us) -> bytearray:
    """The four bytes, read until they stay the same."""
    bus.read(_CELL_SELECT, 1)
    sleep_us(_RECALL_US)
    bus.read(_CELL_SELECT, _PAGE_N)
    page = bytearray(bus.data[:_PAGE_N])
    bus.read(_CELL_SELECT, _PAGE_N)
    if page != bus.data[:_PAGE_N]:
        bus.fail(_CELL_SELECT, "EEPROM reads differently each time")
    return page


def set_cells(bus, cell_n: int, sleep_us) -> bool:
    """True when it had to be written; `OSError` when it does not hold."""
    bus.write(_EEEN, b"\x01", 1)  # from here on the addresses mean EEPROM
    try:
        page = _page(bus, sleep_us)
        if page[_CELL] == SELECT[cell_n]:
            return False
        page[_CELL] = SELECT[cell_n]
        for i in range(_CELL + 1):  # the first only recalls
            bus.write(_CELL_SELECT + i, page[i : i + 1], 1)
            sleep_us(_WRITE_US)
        if _page(bus, sleep_us) != page:
            bus.fail(_CELL_SELECT + _CELL, "EEPROM does not hold the number of cells")
        return True
    finally:
        bus.write(_EEEN, b"\x00", 1)
