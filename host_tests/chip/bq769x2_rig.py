"""A BQ769x2 model on a bench: small stand-ins for world and plant, and a host that talks to it."""

from sim.bus import FakeI2C
from sim.chips.bq769x2 import BQ769x2Model
from sim.crc8 import TABLE, crc8
from sim.pins import FakePin, Line

UP_US = 300000  # FETs may be on by then

CONFIG_UPDATE = 0x0090
EXIT_CONFIG = 0x0092
FET_ENABLE = 0x0022
ALL_FETS_ON = 0x0096
NO_SLEEP = (0x9234, b"\x82\x28")


class BenchPlant:
    """Electrical values that stay what a test sets them to."""

    def __init__(self, cell_n: int = 16, volts: float = 3.3):
        self.cell_v = [volts] * cell_n
        self.bleed = [False] * cell_n
        self.current_a = 0.0
        self.stack_v = volts * cell_n
        self.pack_v = 0.0
        self.ld_v = 0.0
        self.temp_c = [25.0, 25.0, 25.0]
        self.fet_c = 25.0
        self.die_c = 25.0
        self.chg_on = self.dsg_on = self.pchg_on = self.pdsg_on = False
        self.load_detect = False

    def sense_v(self, i: int) -> float:
        return self.cell_v[i]


class BenchWorld:
    """Time that stops at every deadline of the chip."""

    def __init__(self):
        self.now_us = 0
        self.chip = None

    def advance(self, us: int) -> None:
        end_us = self.now_us + us
        while self.now_us < end_us:
            self.now_us = min(end_us, self.chip.next_us()) if self.chip else end_us
            if self.chip:
                self.chip.run(self.now_us)


class Rig:
    """World, plant, chip, bus and the host's pins."""

    def __init__(
        self, crc: bool = False, up: bool = True, cell_n: int = 16, volts: float = 3.3, **options
    ):
        self.world = BenchWorld()
        self.plant = BenchPlant(cell_n, volts)
        self.alert = Line("ALERT", pull=1)
        self.cfetoff = Line("CFETOFF")
        self.dfetoff = Line("DFETOFF")
        self.chip = BQ769x2Model(
            self.world,
            self.plant,
            crc=crc,
            alert=self.alert,
            cfetoff=self.cfetoff,
            dfetoff=self.dfetoff,
            **options,
        )
        self.world.chip = self.chip
        self.bus = FakeI2C(self.world)
        self.bus.attach(self.chip)
        self.crc = crc
        self.alert_pin = FakePin(self.alert, FakePin.IN)
        self.off_pins = (FakePin(self.cfetoff), FakePin(self.dfetoff))
        if up:
            self.wait_us(UP_US)

    def wait_us(self, us: int) -> None:
        self.world.advance(us)

    def wait_s(self, seconds: float) -> None:
        self.world.advance(int(seconds * 1000000))

    def until(self, holds) -> int:
        """Wait, a millisecond at a time, until something holds; how long that took."""
        for waited_ms in range(5000):
            if holds():
                return waited_ms * 1000
            self.world.advance(1000)
        raise AssertionError("it never came")

    def change(self, **values) -> None:
        """An abrupt change in the plant, with the chip looking at once."""
        for name, value in values.items():
            setattr(self.plant, name, value)
        self.chip.run(self.world.now_us)

    def cells(self, volts: float, i: int = 0) -> None:
        """One cell jumps."""
        self.plant.cell_v[i] = volts
        self.chip.run(self.world.now_us)

    # -- a host ---------------------------------------------------------------------------------

    def write(self, reg: int, data) -> int:
        """Registers from `reg` on, with CRC where the chip wants it; acknowledged bytes."""
        out = bytearray([reg])
        crc = crc8([self.chip.addr << 1, reg])
        for byte in data:
            out.append(byte)
            if self.crc:
                out.append(TABLE[crc ^ byte])
                crc = 0
        return self.bus.writeto(self.chip.addr, out)

    def read(self, reg: int, count: int) -> bytes:
        """Registers from `reg` on, CRC checked."""
        if not self.crc:
            return self.bus.readfrom_mem(self.chip.addr, reg, count)
        raw = self.bus.readfrom_mem(self.chip.addr, reg, 2 * count)
        address = self.chip.addr << 1
        crc = crc8([address, reg, address | 1])
        for i in range(0, 2 * count, 2):
            assert TABLE[crc ^ raw[i]] == raw[i + 1], "CRC of the chip"
            crc = 0
        return bytes([raw[i] for i in range(0, 2 * count, 2)])

    def word(self, reg: int, signed: bool = False) -> int:
        low, high = self.read(reg, 2)
        word = low | high << 8
        return word - 0x10000 if signed and word & 0x8000 else word

    def command(self, code: int) -> None:
        self.write(0x3E, code.to_bytes(2, "little"))

    def ask(self, code: int) -> bytes:
        """A subcommand or data memory, polled, checked."""
        self.command(code)
        for _ in range(100):
            if self.read(0x3E, 2) == code.to_bytes(2, "little"):
                break
            self.wait_us(100)
        else:
            raise AssertionError(f"0x{code:04X} never ready")
        count = self.read(0x61, 1)[0] - 4
        data = self.read(0x40, count)
        assert self.read(0x60, 1)[0] == self.checksum(code, data)
        return data

    @staticmethod
    def checksum(code: int, data) -> int:
        return ~((code & 0xFF) + (code >> 8) + sum(data)) & 0xFF

    def transfer(self, code: int, data) -> None:
        """Data for a subcommand or for data memory."""
        self.write(0x3E, code.to_bytes(2, "little") + bytes(data))
        self.write(0x60, [self.checksum(code, data), len(data) + 4])
        self.wait_us(200)

    def configure(self, *settings) -> None:
        """(address, bytes or one-byte number)... through CONFIG_UPDATE, until FETs may be on again."""
        self.command(CONFIG_UPDATE)
        self.wait_us(2000)
        for addr, value in settings:
            self.transfer(addr, bytes([value]) if isinstance(value, int) else value)
        self.command(EXIT_CONFIG)
        self.wait_us(1000)

    def ready(self, *settings) -> None:
        """Configured without SLEEP, FET_EN set, FETs on as far as protections allow."""
        self.configure(NO_SLEEP, *settings)
        self.command(FET_ENABLE)
        self.wait_us(600000)

    def fets(self) -> int:
        return self.read(0x7F, 1)[0] & 15

    @property
    def fet_bits(self) -> int:
        """FETs as the plant feels them, without a transaction."""
        plant = self.plant
        return plant.chg_on | plant.pchg_on << 1 | plant.dsg_on << 2 | plant.pdsg_on << 3
