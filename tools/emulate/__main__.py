"""`python -m emulate [FIGURES.json]`: what `make emulate` calls.

`make flash` onto an emulated Pico without firmware with the real mpremote, a short circuit on the pack that it
protects, and then the figures of `emulate.measure`.
"""

import json
import sys
import tempfile
from pathlib import Path

from emulate import measure
from emulate.bench import Bench
from emulate.cable import Cable
from emulate.deploy import flash_with, waived
from emulate.image import NoImage
from emulate.story import CONFIG, Silent, Story

BOARD = "pico_bq76952"


def flash(bench: Bench) -> None:
    """The command line of `make flash`, with this Pico's console as its port."""
    cable = Cable(bench.pico)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "config.json"
            path.write_text(json.dumps(CONFIG), encoding="utf-8")
            code, _ = cable.flash(BOARD, path, show=True)
    finally:
        cable.close()
    if code:
        raise Silent("nothing is installed")


def play() -> None:
    """All of it, on the screen."""
    # nobody warms the thermistors of an emulator: the word of who waived that is there before
    bench = Bench(flash=flash_with(waived(BOARD, CONFIG)), service=False)
    bench.pico.boot()
    print(f"make flash BOARD={BOARD}, onto an emulated Pico, its wiring waived:", flush=True)
    flash(bench)
    print("\nA short circuit; times are the Pico's, since its start:", flush=True)
    Story(bench, lambda ms, text: print(f"{ms:10.3f} ms  {text}", flush=True)).play()
    print("\nFigures:", flush=True)
    measure.main()


def main() -> int:
    try:
        play()
    except NoImage as missing:
        print(missing, file=sys.stderr)
        return 2
    except (Silent, TimeoutError) as error:
        print(f"emulate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("emulate: stopped", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
