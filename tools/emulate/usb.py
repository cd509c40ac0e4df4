"""A USB host that says "not now": the emulator's own floods the device with empty packets.

An armed OUT endpoint is completed at once, if need be with nothing, so that TinyUSB takes an interrupt storm
that eats two thirds of the processor and keeps it from sleeping. Here the completion waits for data.
"""

from rp2040py.usb.cdc import USBCDC

_GATHER_NS = 50000  # let a few bytes come together


def mend() -> None:
    """Patch the class, once, before any device is made."""
    if hasattr(USBCDC, "waiting_size"):
        return
    init, send, reset = USBCDC.__init__, USBCDC.send_serial_byte, USBCDC._on_controller_reset
    USBCDC.waiting_size = None

    def patched_init(self, usb):
        init(self, usb)
        complete = usb.on_endpoint_read
        self.flushing = False

        def flush():
            self.flushing = False
            if self.waiting_size is not None and not self.tx_fifo.empty:
                size, self.waiting_size = self.waiting_size, None
                complete(self._out_endpoint, size)

        def on_endpoint_read(endpoint, size):
            if endpoint != 0 and endpoint == self._out_endpoint and self.tx_fifo.empty:
                self.waiting_size = size
            else:
                complete(endpoint, size)

        self.flush_alarm = usb.rp2040.clock.create_alarm(flush)
        usb.on_endpoint_read = on_endpoint_read

    def patched_send(self, data):
        send(self, data)
        if self.waiting_size is not None and not self.flushing:
            self.flushing = True
            self.flush_alarm.schedule(_GATHER_NS)

    def patched_reset(self):
        reset(self)
        self.waiting_size = None
        self.flushing = False
        self.flush_alarm.cancel()

    USBCDC.__init__ = patched_init
    USBCDC.send_serial_byte = patched_send
    USBCDC._on_controller_reset = patched_reset
