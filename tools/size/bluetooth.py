"""`bluetooth` for the emulated Pico, whose image has none: it takes everything, and `radio` is at hand."""

FLAG_READ = 2
FLAG_WRITE_NO_RESPONSE = 4
FLAG_WRITE = 8
FLAG_NOTIFY = 16


class UUID:
    def __init__(self, value):
        pass


class Radio:
    """What was written last is in `data`; `handler` is the firmware's interrupt."""

    def __init__(self):
        self.data = b""
        self.handler = None
        self.sent_n = 0

    def active(self, on):
        pass

    def config(self, name="", gap_name=""):
        return 0, bytes(6)

    def irq(self, handler):
        self.handler = handler

    def gatts_register_services(self, services):
        handles = iter(range(10, 40))
        return tuple([tuple([next(handles) for _ in rows]) for _, rows in services])

    def gatts_set_buffer(self, handle, n, append):
        pass

    def gatts_write(self, handle, data, update=False):
        pass

    def gatts_read(self, handle):
        return bytes(self.data)

    def gatts_notify(self, conn, handle, data):
        self.sent_n += len(data)

    def gap_advertise(self, interval_us, data, resp_data=b""):
        pass

    def gap_disconnect(self, conn):
        return True


radio = Radio()


def BLE():
    return radio
