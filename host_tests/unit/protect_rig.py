"""A pack in good health on a test bench: `Rig` steps `Protect`, and knows each row's numbers by itself."""

from array import array

from bms import fault_rows, faults
from bms.config import Config
from bms.protect import Protect

HEALTHY = {
    faults.Q_CELL_MAX_MV: 3300,
    faults.Q_CELL_MIN_MV: 3290,
    faults.Q_STACK_AVG_MV: 3295,
    faults.Q_TEMP_MAX_DDEGC: 250,
    faults.Q_TEMP_MIN_DDEGC: 240,
    faults.Q_FET_DDEGC: 300,
    faults.Q_DIE_DDEGC: 300,
}


class Row:
    """One line of the fault table with its field names replaced by numbers."""

    def __init__(self, index: int, config):
        cells = fault_rows.ROWS[index]

        def number(cell):
            return getattr(config, cell) if isinstance(cell, str) else cell

        self.index = index
        self.name = cells[fault_rows.NAME]
        self.quantity = cells[fault_rows.QUANTITY]
        self.sense = cells[fault_rows.SENSE]
        self.trip = number(cells[fault_rows.TRIP])
        self.clear = number(cells[fault_rows.CLEAR])
        self.delay_ms = number(cells[fault_rows.DELAY])
        self.hold_ms = number(cells[fault_rows.HOLD])
        self.blocks = cells[fault_rows.BLOCKS]
        self.end = cells[fault_rows.END]
        self.system = self.quantity in fault_rows.SYSTEM_QUANTITIES
        self.lock_n = 0
        if self.end & faults.OC_LOCK:
            self.lock_n = config.oc_lock_n
        if self.end & faults.SC_LOCK:
            self.lock_n = config.sc_lock_n

    def worse(self, value: int, by: int = 1) -> int:
        return value + by * self.sense


class Rig:
    """`Protect` with readings that stay until changed."""

    def __init__(self, values=None):
        self.config = Config(values)
        self.protect = Protect(self.config)
        self.rows = [Row(i, self.config) for i in range(faults.ROW_N)]
        self.q = array("i", [HEALTHY.get(i, 0) for i in range(faults.Q_N)])
        self.load = True
        self.charger = True
        self.fresh = True

    def row(self, name: str) -> Row:
        return self.rows[faults.row_index(name)]

    def step(self, dt_ms=250, clear=False) -> int:
        return self.protect.step(self.q, dt_ms, self.fresh, self.charger, self.load, clear)

    def read(self, row: Row, value: int, dt_ms=250, clear=False) -> int:
        """One step with this row's quantity at `value` -> state of the row."""
        self.q[row.quantity] = value
        self.step(dt_ms, clear)
        return self.protect.state[row.index]

    def heal(self, row: Row, dt_ms=250, clear=False) -> int:
        return self.read(row, HEALTHY.get(row.quantity, 0), dt_ms, clear)

    def trip(self, row: Row) -> None:
        """Trip a row in the fewest steps: its first reading beyond, and one more after its delay."""
        self.read(row, row.trip)
        if row.delay_ms:
            self.read(row, row.trip, row.delay_ms)
        assert self.protect.state[row.index] in (1, 2), row.name

    def calm(self, row: Row, clear=False) -> int:
        """Readings at `clear` for long enough for everything but a person, no load, no charger."""
        self.load = self.charger = False
        self.read(row, row.clear, 0)
        return self.read(row, row.clear, max(faults.CLEAR_MS, row.hold_ms), clear)
