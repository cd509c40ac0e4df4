"""The number of cells of an ISL94202 is in its EEPROM: put it there, once in the life of a board.

    from time import sleep_us
    from machine import I2C, Pin
    from isl94202_eeprom import set_cells
    from regbus import RegBus

    bus = RegBus(I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000), 0x28, name="isl94202")
    print(set_cells(bus, 4, sleep_us))
Written only if it is another one. The FETs must be off: a chip with the wrong number of cells measures
inputs that carry none. Data sheet FN8889: pages of four bytes; this page wants to be written twice.
"""

from micropython import const

from isl94202_config import SELECT

_CELL_SELECT = const(0x48)  # page: MOD, CELL, SETUP0, SETUP1
_EEEN = const(0x89)
_PAGE_N = const(4)
_WRITE_US = const(35000)


def set_cells(bus, cell_n: int, sleep_us) -> bool:
    """True when it had to be written; `OSError` when it does not hold."""
    bus.write(_EEEN, b"\x01", 1)  # from here on the addresses mean EEPROM
    try:
        bus.read(_CELL_SELECT, _PAGE_N)
        if bus.data[1] == SELECT[cell_n]:
            return False
        page = bytearray(bus.data[:_PAGE_N])
        page[1] = SELECT[cell_n]
        for _ in range(2):
            bus.write(_CELL_SELECT, page, _PAGE_N)
            sleep_us(_WRITE_US)
        bus.read(_CELL_SELECT, _PAGE_N)
        if bus.data[1] != SELECT[cell_n]:
            bus.fail("0x49", "EEPROM does not hold the number of cells")
        return True
    finally:
        bus.write(_EEEN, b"\x00", 1)
