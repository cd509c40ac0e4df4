"""The pack: all mutable state in one place. `Scan` is its only writer; reporters read, and ask."""

from array import array

from micropython import const

from bms import faults
from bms.balance import Balance
from bms.journal import Journal
from bms.limits import Limits
from bms.mode import Mode
from bms.outputs import Outputs
from bms.protect import Protect
from bms.snapshot import Snapshot
from roles import BOTH

# why the FETs are held off
HOLD_SETTINGS = const(1)  # the settings in force may not be what a person confirmed
HOLD_COMMISSION = const(2)  # nobody has checked the wiring: only what it tries may conduct


def estimators(config):
    """State of charge and of health. Much code, so it is loaded by whoever wants it."""
    from bms.health import Health
    from bms.soc import Soc

    return Soc(config), Health(config)


class Pack:
    """State of one pack and the policy objects that own its parts.

    `estimating`: makes the two that estimate, `bms.unknown` until they are loaded.
    """

    def __init__(self, config, name: str = "Cellwarden", estimating=estimators):
        self.config = config
        self.name = name
        self.snap = Snapshot(config.cell_n, config.ntc_n)
        self.q = array("i", [0] * faults.Q_N)
        self.protect = Protect(config)
        self.soc, self.health = estimating(config)
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
        self.lock = 0  # user_off of the next scan
        self.trouble = None  # of the scan: tells why the monitor is not in order
        self.held = 0  # HOLD_*: why both FETs stay off, whatever a person locks or unlocks
        self._trial = 0  # FETs that commissioning tries, for the next `_trial_n` scans
        self._trial_n = 0

    def estimate(self) -> None:
        """Estimate from the next scan on, where nobody did."""
        self.soc, self.health = estimators(self.config)

    def lock_fets(self, fets: int) -> None:
        """A person locks exactly these FETs off, from the next scan on; 0 = none any more."""
        self.lock = fets & BOTH

    def hold(self, reason: int) -> None:
        """Both FETs stay off until `unhold` of the same reason."""
        self.held |= reason

    def unhold(self, reason: int) -> None:
        self.held &= ~reason

    def permit(self, fets: int, scan_n: int) -> None:
        """Commissioning tries these FETs: for so many scans its own hold does not count for them."""
        self._trial = fets & BOTH
        self._trial_n = scan_n

    def take_lock(self) -> bool:
        """Let a lock act; did it change? Only the scan calls this."""
        locked = BOTH if self.held else self.lock
        if self._trial_n > 0:
            self._trial_n -= 1
            if self.held == HOLD_COMMISSION:
                locked = self.lock | BOTH & ~self._trial
        changed = locked != self.user_off
        self.user_off = locked
        return changed

    def request(self, bits: int) -> None:
        """Ask for something; the next scan takes it and may refuse."""
        self._requests |= bits

    def take_requests(self) -> int:
        """What was asked since the last scan. Only the scan calls this."""
        bits = self._requests
        self._requests = 0
        return bits
