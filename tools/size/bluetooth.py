"""`bluetooth` for the size rig: handles and nothing else. A stack's own memory is not on the heap."""

FLAG_READ = 2
FLAG_WRITE_NO_RESPONSE = 4
FLAG_WRITE = 8
FLAG_NOTIFY = 16


class UUID:
    def __init__(self, value):
        pass


class BLE:
    def active(self, on):
        pass

    def config(self, name="", gap_name=""):
        return 0, bytes(6)

    def irq(self, handler):
        pass

    def gatts_register_services(self, services):
        return tuple([tuple([0] * len(rows)) for _, rows in services])

    def gatts_set_buffer(self, handle, n, append):
        pass

    def gatts_write(self, handle, data, update=False):
        pass

    def gap_advertise(self, interval_us, data, resp_data=b""):
        pass
