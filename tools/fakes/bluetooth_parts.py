"""What the fake `bluetooth` is made of: limits of ports, UUIDs, values, the size of an attribute table."""

from micropython import const

FLAG_NOTIFY = const(0x0010)
FLAG_INDICATE = const(0x0020)
VALUE_N = 20  # bytes that a value has room for until `gatts_set_buffer`


class Limits:
    """What a port allows. `table_n`: bytes of the attribute table, None = grows as it must."""

    def __init__(self, connections: int, table_n, mtu: int, pairing: bool, full_raises: bool):
        self.connections = connections
        self.table_n = table_n
        self.mtu = mtu
        self.pairing = pairing
        self.full_raises = full_raises  # BTstack queues instead, on the heap and without end


PICO_W = Limits(1, 512, 256, False, False)
ESP32 = Limits(4, None, 256, True, True)


class UUID:
    """16 bits as a number, 128 as text."""

    def __init__(self, value):
        if isinstance(value, int):
            if not 0 <= value <= 0xFFFF:
                raise ValueError("invalid UUID")
            self.data = value.to_bytes(2, "little")
        elif isinstance(value, str):
            digits = value.replace("-", "")
            if len(digits) != 32:
                raise ValueError("UUID too long" if len(digits) > 32 else "UUID too short")
            self.data = bytes(reversed(bytes.fromhex(digits)))
        else:
            self.data = bytes(value)
            if len(self.data) not in (2, 16):
                raise ValueError("invalid UUID")

    def __bytes__(self):
        return self.data

    def __eq__(self, other):
        return isinstance(other, UUID) and self.data == other.data

    def __hash__(self):
        return hash(self.data)

    def __repr__(self):
        return f"UUID({bytes(reversed(self.data)).hex()})"


class Value:
    """One attribute that has a value handle."""

    def __init__(self, uuid, flags: int):
        self.uuid = uuid
        self.flags = flags
        self.data = b""
        self.room = VALUE_N
        self.append = False

    def take(self, data: bytes) -> None:
        """A central wrote: what does not fit is lost without a word."""
        kept = self.data if self.append else b""
        self.data = (kept + bytes(data))[: self.room]


def table_n(services) -> int:
    """Bytes that BTstack's attribute table needs for these, with what MicroPython adds itself."""
    total = 10 + (13 + 8) + 10 + (13 + 8) + 2  # 1800 with its name, 1801, the end
    for uuid, characteristics in services:
        total += 8 + len(uuid.data)
        for row in characteristics:
            total += 8 + 3 + len(row[0].data) + 6 + len(row[0].data)
            total += 10 if row[1] & (FLAG_NOTIFY | FLAG_INDICATE) else 0
            total += sum(6 + len(inner[0].data) for inner in (row[2] if len(row) > 2 else ()))
    return total
