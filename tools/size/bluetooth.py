"""`bluetooth` where there is none: it takes everything, and `radio` is at hand.

For the size rig and for an emulated Pico. A stack's own memory is not in it.
"""

FLAG_READ = 2
FLAG_WRITE_NO_RESPONSE = 4
FLAG_WRITE = 8
FLAG_NOTIFY = 16


class UUID:
    def __init__(self, value):
        pass


class Radio:
    """What a write brings is in `data`; `handler` is the firmware's interrupt, `handles` those of each service.

    `reads_n`: how often the firmware took what was written.
    """

    def __init__(self):
        self.data = b""
        self.handler = None
        self.handles = ()
        self.reads_n = 0

    def active(self, on):
        pass

    def config(self, name="", gap_name=""):
        return 0, bytes(6)

    def irq(self, handler):
        self.handler = handler

    def gatts_register_services(self, services):
        handles = iter(range(10, 40))
        self.handles = tuple([tuple([next(handles) for _ in rows]) for _, rows in services])
        return self.handles

    def gatts_set_buffer(self, handle, n, append):
        pass

    def gatts_write(self, handle, data, update=False):
        pass

    def gatts_read(self, handle):
        self.reads_n += 1
        return bytes(self.data)

    def gatts_notify(self, conn, handle, data):
        pass

    def gap_advertise(self, interval_us, data, resp_data=b""):
        pass

    def gap_disconnect(self, conn):
        return True


radio = Radio()


def BLE():
    return radio
