"""Says in lines what the code computes; two interpreters must say the same. `say.py PART ...`"""

import binascii
import sys

if "firmware" not in "".join(sys.path):  # a native micropython starts with nothing
    sys.path[:] = ["lib", "firmware", "tools", ""] + sys.path

from bms.chemistry import CHEMISTRIES
from bms.config import Config, ConfigError, from_json
from bms.fields import FIELDS
from coulomb import Coulomb
from crc8 import TABLE
from host_tests.common.scan_walk import walk
from interp import interpolate
from sim.prng import Prng

_WRONG = (
    '{"cov_mv": 3651}',
    '{"cov_mv": 3400}',
    '{"cov_mv": true}',
    '{"cov_mv": 3600.5}',
    '{"cov_mv": "3600"}',
    '{"cov_mv": null}',
    '{"cov_mvv": 3600}',
    '{"chemistry": "NIMH"}',
    '{"utc_ddegc": -1}',
    '{"cell_n": 99999999999999999999}',
    "[1, 2]",
    '{"cell_n": 4',
    "",
)


def walks() -> None:
    """Random walks through the whole policy: the journal and every state at the end."""
    for seed in range(1, 9):
        walker, ran = walk(seed, 3000)
        pack = walker.rig.pack
        data = bytes(pack.journal.data) + bytes(pack.protect.state) + bytes(pack.snap.cell_mv)
        print(seed, ran, pack.journal.n, binascii.crc32(data), pack.soc.charge_uah, pack.mode.mode)


def configs() -> None:
    """Hashes of configurations, and what is said about wrong ones."""
    for name, _ in CHEMISTRIES:
        print(name, Config({"chemistry": name}).hash)
    for row in FIELDS:
        try:
            print(row[0], Config({row[0]: row[3]}).hash)
        except ConfigError as error:
            print(row[0], error)
    for text in _WRONG:
        try:
            print(from_json(text).hash)
        except ConfigError as error:
            print(text, str(error).split(":")[0])  # behind the colon a parser speaks for itself


def sums() -> None:
    """Arithmetic near its bounds."""
    prng = Prng(5)
    counter = Coulomb()
    total = 0
    for _ in range(5000):
        total += counter.add(prng.between(-1000000, 1000000), prng.below(60001))
    print(total, binascii.crc32(bytes(TABLE)))
    x = (0, 100, 1000, 30000)
    y = (-5000, 0, 77, 1000000)
    for _ in range(200):
        at = prng.between(-40000, 40000)
        print(at, interpolate(at, x, y))


_PARTS = {"walks": walks, "configs": configs, "sums": sums}


def main() -> None:
    for name in sys.argv[1:]:
        _PARTS[name]()


main()
