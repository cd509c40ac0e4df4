"""Wrappers that spoil what a device on SPI hears and says; put one into the device's slot."""


class SpiWrapper:
    """Passes everything on unchanged."""

    def __init__(self, device):
        self.device = device
        self.on = True
        self.mode = getattr(device, "mode", None)

    def select(self) -> None:
        self.device.select()

    def exchange(self, byte: int) -> int:
        return self.device.exchange(byte)

    def deselect(self) -> None:
        self.device.deselect()


class StuckMiso(SpiWrapper):
    """MISO stays at one level; the device hears all the same."""

    def __init__(self, device, level: int):
        super().__init__(device)
        self.level = level

    def exchange(self, byte: int) -> int:
        answer = self.device.exchange(byte)
        return (0xFF if self.level else 0x00) if self.on else answer


class DeafSpi(SpiWrapper):
    """MOSI or the clock is broken: the device hears nothing and MISO floats high."""

    def select(self) -> None:
        if not self.on:
            self.device.select()

    def exchange(self, byte: int) -> int:
        return 0xFF if self.on else self.device.exchange(byte)

    def deselect(self) -> None:
        if not self.on:
            self.device.deselect()


class SpokenTo(SpiWrapper):
    """Lets a wrapper of the I2C kind (`write(byte) -> ack`, `read() -> byte`) spoil an SPI device.

    A byte that is not acknowledged there is lost here: MISO stays high for it.
    """

    addr = 0

    def __init__(self, device, wrap):
        super().__init__(device)
        self._answer = 0xFF
        self.wrapped = wrap(self)

    def exchange(self, byte: int) -> int:
        self._answer = 0xFF
        self.wrapped.write(byte)
        return self.wrapped.read()

    def write(self, byte: int) -> bool:
        self._answer = self.device.exchange(byte)
        return True

    def read(self) -> int:
        return self._answer
