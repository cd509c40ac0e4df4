"""A chain of LTC681x models on a bench, and the driver that talks to it."""

from array import array
from types import SimpleNamespace

from bms.fields import FIELDS
from host_tests.chip.bq769x2_rig import BenchPlant, BenchWorld
from ltc681x import ADBMS1818, LTC6811, LTC6813, LTC681x
from sim.chips.ltc681x import FET_NODE, LTC681xModel
from sim.chips.ltc681x_chain import LTC681xChain
from sim.pec15 import pec15
from sim.pins import FakePin, Line
from sim.spi import FakeSPI

PARTS = {"LTC6811": LTC6811, "LTC6813": LTC6813, "ADBMS1818": ADBMS1818}


def config(**changes):
    """The field table's defaults, changed here and there."""
    values = {row[0]: row[1] for row in FIELDS}
    values.update(changes)
    return SimpleNamespace(**values)


class Rig:
    """Plant, world, chain, SPI and driver; the cells read 3.3 V and a little more each."""

    def __init__(self, cells=(12,), part="LTC6811", driver=None, wired=None, ntc=((0, 1), (0, 2))):
        cell_n = sum(cells)
        self.plant = BenchPlant(cell_n)
        self.plant.cell_v = [3.3 + 0.001 * i for i in range(cell_n)]
        self.plant.wire_open = [False] * (cell_n + 1)
        self.world = BenchWorld()
        self.world.slip = self.world.advance
        self.devices = []
        first = 0
        for n in cells:
            gpios = {1: 0, 2: 1, 4: 2, 5: FET_NODE}
            model = LTC681xModel(self.world, self.plant, part, first, n, gpios)
            self.devices.append(model)
            first += n
        self.chain = LTC681xChain(self.world, self.devices)
        self.world.chip = self.chain
        self.spi = FakeSPI(self.world, 1000000, 1, 1)
        self.cs_line = Line("CS", level=1)
        self.slot = self.spi.attach(self.chain, self.cs_line)
        self.cs = FakePin(self.cs_line, FakePin.OUT, value=1)
        self.chip = LTC681x(
            self.spi,
            self.cs,
            PARTS[driver or part],
            wired or cells,
            self.world.advance,
            ntc=ntc,
            fet_ntc=(0, 5),
        )
        self.cell_mv = array("i", [0] * sum(wired or cells))
        self.temps = array("i", [0] * len(ntc))

    def armed(self, **changes):
        """Loaded and armed."""
        changes.setdefault("cell_n", len(self.cell_mv))
        changes.setdefault("ntc_n", len(self.temps))
        self.chip.load(config(**changes))
        self.chip.arm()
        assert self.chip.verify_all() == 0
        return self

    def read(self):
        """The cells in mV, as the driver has them."""
        self.chip.read_cells(self.cell_mv)
        return list(self.cell_mv)

    def scan(self):
        """What a quiet scan does."""
        self.chip.read_status()
        self.chip.read_cells(self.cell_mv)
        self.chip.read_temps(self.temps)
        self.chip.verify_step()

    # -- a host of its own, for the model ------------------------------------------------------------

    def wake(self, count=1, us=400):
        for _ in range(count):
            self.cs(0)
            self.world.advance(us)
            self.cs(1)
            self.world.advance(10)

    def frame(self, code, data=b"", count=0):
        """Command and what follows; the bytes that came back."""
        out = code.to_bytes(2, "big")
        self.cs(0)
        self.spi.write(out + pec15(out).to_bytes(2, "big") + data)
        back = self.spi.read(count, 0xFF)
        self.cs(1)
        return back

    def group(self, code, device=0):
        """Six bytes of a device, PEC checked."""
        back = self.frame(code, count=8 * len(self.devices))[8 * device : 8 * device + 8]
        assert pec15(back[:6]).to_bytes(2, "big") == back[6:], back.hex()
        return back[:6]

    def put(self, code, *groups):
        """A group for each device, nearest first."""
        data = b""
        for group in reversed(groups):
            data += bytes(group) + pec15(group).to_bytes(2, "big")
        self.frame(code, data)
