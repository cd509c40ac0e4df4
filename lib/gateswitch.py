"""MOSFETs on plain output pins, for monitors that have no gate drivers: the switch role of `roles.py`.

    from machine import Pin
    from gateswitch import GateSwitch

    gates = [Pin(n, Pin.OUT, value=0) for n in (20, 21, 22)]  # CHG, DSG, precharge
    sense = [Pin(n, Pin.IN) for n in (26, 27)]  # what the gates of CHG and DSG really get
    switch = GateSwitch(gates, sense, cells, shunt)
    switch.write_fets(CHG | DSG)
A pin here is a wish. The board's logic closes a FET only while the permission of the cut-off, the
comparator's latch and the dead-man agree; `sense` reads the result.

What a monitor with FETs does by itself this does in `read_fets`, that is once a scan: with DSG and PDSG
permitted it first carries current through the resistor and closes DSG when the terminals have come within
`precharge_mv` of the stack; and it closes the FET that is not permitted while more than `diode_ma` flow the
other way, because its body diode would burn. Nothing allocates.
"""

from roles import CHG, DSG, PDSG


class GateSwitch:
    """`cells` has `stack_mv` and `pack_mv`, `shunt` has `pack_ma`, all of this scan.

    `lift`: pin that pulls the terminals up through a large resistor, to see whether a load is there.
    `sleepers`: chips with `sleep(on)`.
    """

    def __init__(self, gates, sense, cells, shunt, lift=None, sleepers=()):
        self._chg, self._dsg, self._pdsg = gates
        self._chg_on, self._dsg_on = sense
        self._cells = cells
        self._shunt = shunt
        self._lift = lift
        self._sleepers = sleepers
        self._filled = False  # the load's capacitors are, since PDSG was permitted
        self.precharge_mv = 0
        self.diode_ma = 0x3FFFFFFF
        self.permitted = 0
        self._drive(0)

    def load(self, config) -> None:
        """Take precharge and idle current from a configuration."""
        self.precharge_mv = config.precharge_mv
        self.diode_ma = config.idle_ma

    def write_fets(self, bits: int) -> None:
        """Permit exactly these FETs."""
        self.permitted = bits
        if not bits & PDSG:
            self._filled = False
        self._follow()

    def read_fets(self) -> int:
        """FETs whose gates are on, and PDSG when it should be."""
        self._follow()
        bits = (CHG if self._chg_on() else 0) | (DSG if self._dsg_on() else 0)
        if self.permitted & PDSG and not self._filled:
            bits |= PDSG
        return bits

    def detect_load(self, on: bool) -> None:
        """Pull the terminals up, or let go."""
        if self._lift is not None:
            self._lift(1 if on else 0)

    def sleep(self, on: bool) -> None:
        """Pass it on."""
        for i in range(len(self._sleepers)):
            self._sleepers[i].sleep(on)

    def shutdown(self) -> None:
        """All gates off; what can sleep does. The board's supply is not ours to cut."""
        self.write_fets(0)
        self.sleep(True)

    def _follow(self) -> None:
        """What shall be on now, of what is permitted."""
        bits = self.permitted
        if bits & PDSG:
            if not self._filled:
                cells = self._cells
                self._filled = cells.pack_mv >= cells.stack_mv - self.precharge_mv
            bits &= ~(PDSG if self._filled else DSG)
        ma = self._shunt.pack_ma
        if bits & DSG and ma < -self.diode_ma:
            bits |= CHG
        elif bits & CHG and ma > self.diode_ma:
            bits |= DSG
        self._drive(bits)

    def _drive(self, bits: int) -> None:
        self._chg(1 if bits & CHG else 0)
        self._dsg(1 if bits & DSG else 0)
        self._pdsg(1 if bits & PDSG else 0)
