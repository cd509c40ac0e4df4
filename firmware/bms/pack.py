"""The pack: all mutable state in one place. `Scan` is its only writer; reporters read, and ask."""

from array import array

from bms import faults
from bms.balance import Balance
from bms.health import Health
from bms.journal import Journal
from bms.limits import Limits
from bms.mode import Mode
from bms.outputs import Outputs
from bms.protect import Protect
from bms.snapshot import Snapshot
from bms.soc import Soc
from roles import BOTH


class Pack:
    """State of one pack and the policy objects that own its parts."""

    def __init__(self, config, name: str = "Cellwarden"):
        self.config = config
        self.name = name
        self.snap = Snapshot(config.cell_n, config.ntc_n)
        self.q = array("i", [0] * faults.Q_N)
        self.protect = Protect(config)
        self.soc = Soc(config)
        self.health = Health(config)
        self.mode = Mode(config)
        self.limits = Limits(config)
        self.balance = Balance(config)
        self.outputs = Outputs(config)
        self.journal = Journal()
        self.journal.config_hash = config.hash
        self.intent = 0  # FETs that mode wants
        self.output_bits = 0
        self.user_off = 0  # FETs that a person locked off
        self._requests = 0
        self._lock = 0  # user_off of the next scan

    def lock_fets(self, fets: int) -> None:
        """A person locks exactly these FETs off, from the next scan on; 0 = none any more."""
        self._lock = fets & BOTH

    def take_lock(self) -> bool:
        """Let a lock act; did it change? Only the scan calls this."""
        changed = self._lock != self.user_off
        self.user_off = self._lock
        return changed

    def request(self, bits: int) -> None:
        """Ask for something; the next scan takes it and may refuse."""
        self._requests |= bits

    def take_requests(self) -> int:
        """What was asked since the last scan. Only the scan calls this."""
        bits = self._requests
        self._requests = 0
        return bits
