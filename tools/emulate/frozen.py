"""Figures of an image that has the firmware inside (`make firmware`): `python -m emulate.frozen`.

MICROPYTHON_UF2 is that image, of boards/pico_bq76952; the flash holds settings and commissioning, no code.
"""

import sys

from bench.table import in_a_line
from deploy.plan import with_list
from emulate.bench import Bench
from emulate.deploy import content, flash_with, waived
from emulate.image import needing_it
from emulate.measure import BOARD, free_heap, permitted_ms, shown

_CONFIG = {"cell_n": 16, "precharge_on": 0}
_CODE = (".mpy", ".py", "installed.txt")
_LOADED_MS = 9000


def main() -> None:
    pairs = with_list(content(BOARD, _CONFIG)) + waived(BOARD, _CONFIG)
    rig = Bench(flash=flash_with([pair for pair in pairs if not pair[0].endswith(_CODE)]))
    found = [("frozen: power-up to first FET permission", permitted_ms(rig), "ms", 1000)]
    rig.pico.run_ms(_LOADED_MS)
    found += free_heap(rig)
    for each in shown(found):
        print(in_a_line(each), flush=True)


if __name__ == "__main__":
    sys.exit(needing_it(main))
