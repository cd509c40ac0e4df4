"""Command codes of the LTC681x model, typed from the data sheets' command table, and their timing."""

# parts: cell inputs, GPIOs, SC step in 0.1 mV, ITMP steps a kelvin, ITMP zero in kelvin, wake-up in us
PARTS = {
    "LTC6811": (12, 5, 20, 75.0, 273.0, 300),
    "LTC6813": (18, 9, 30, 76.0, 276.0, 400),
    "ADBMS1818": (18, 9, 30, 76.0, 276.0, 400),
}

READ = {
    0x002: "CFGA",
    0x026: "CFGB",
    0x004: "CVA",
    0x006: "CVB",
    0x008: "CVC",
    0x00A: "CVD",
    0x009: "CVE",
    0x00B: "CVF",
    0x00C: "AUXA",
    0x00E: "AUXB",
    0x00D: "AUXC",
    0x00F: "AUXD",
    0x010: "STATA",
    0x012: "STATB",
}
WRITE = {0x001: "CFGA", 0x024: "CFGB"}
PLAIN = {
    0x711: "CLRCELL",
    0x712: "CLRAUX",
    0x713: "CLRSTAT",
    0x714: "PLADC",
    0x028: "MUTE",
    0x029: "UNMUTE",
}
ONLY_18 = ("CFGB", "CVE", "CVF", "AUXC", "AUXD", "MUTE", "UNMUTE")
DIAGN = 0x715

# all cells, one pair or group, all GPIOs: us by (ADCOPT, MD)
CELLS_12 = {
    (0, 1): 1113,
    (0, 2): 2335,
    (0, 0): 12807,
    (0, 3): 201317,
    (1, 1): 1288,
    (1, 2): 3033,
    (1, 3): 4430,
    (1, 0): 7222,
}
CELLS_18 = {
    (0, 1): 1121,
    (0, 2): 2343,
    (0, 0): 12816,
    (0, 3): 201325,
    (1, 1): 1296,
    (1, 2): 3041,
    (1, 3): 4437,
    (1, 0): 7230,
}
PAIR = {
    (0, 1): 201,
    (0, 2): 405,
    (0, 0): 2150,
    (0, 3): 33568,
    (1, 1): 230,
    (1, 2): 501,
    (1, 3): 754,
    (1, 0): 1219,
}
GPIOS_9 = {
    (0, 1): 1825,
    (0, 2): 3862,
    (0, 0): 21316,
    (0, 3): 335498,
    (1, 1): 2116,
    (1, 2): 5025,
    (1, 3): 7353,
    (1, 0): 12007,
}
DIAGN_US = 400
REFUP_US = 4400
NEVER = 1 << 62


class Conversion:
    """What a conversion command asks for."""

    def __init__(self, kind: str, md: int, dcp: int = 0, arg: int = 0):
        self.kind = kind
        self.md = md
        self.dcp = dcp
        self.arg = arg  # channel, PUP << 4 | channel, or number of the self-test

    def pattern(self, adcopt: int) -> int:
        """What the digital filters give in a self-test."""
        if self.md == 1:
            first = 0x9553 if adcopt else 0x9565
        else:
            first = 0x9555
        return first if self.arg == 1 else first ^ 0xFFFF


def conversion(code: int):
    """The conversion that a code starts, None = it starts none."""
    if code == DIAGN:
        return Conversion("DIAGN", 2)
    md = code >> 7 & 3
    base = code & ~0x180
    dcp = base >> 4 & 1
    low = base & 7
    if base & ~0x17 == 0x260:
        return Conversion("ADCV", md, dcp, low)
    if base & ~0x57 == 0x228:
        return Conversion("ADOW", md, dcp, (base >> 6 & 1) << 4 | low)
    if base & ~0x10 == 0x201:
        return Conversion("ADOL", md, dcp)
    for first, kind in ((0x207, "CVST"), (0x407, "AXST"), (0x40F, "STATST")):
        if base & ~0x60 == first and base >> 5 & 3 in (1, 2):
            return Conversion(kind, md, 0, base >> 5 & 3)
    if base & ~0x10 == 0x467:
        return Conversion("ADCVSC", md, dcp)
    if base & ~0x10 == 0x46F:
        return Conversion("ADCVAX", md, dcp)
    if 0x460 <= base <= 0x466:
        return Conversion("ADAX", md, 0, low)
    if 0x468 <= base <= 0x46C:
        return Conversion("ADSTAT", md, 0, low)
    return None
