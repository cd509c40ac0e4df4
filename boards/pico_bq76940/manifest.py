# Freezes Cellwarden and this board's wiring into a MicroPython of the port's own:
#   make -C ports/rp2 BOARD=RPI_PICO FROZEN_MANIFEST=.../boards/pico_bq76940/manifest.py
include("$(PORT_DIR)/boards/manifest.py")

module("boot.py", base_path="../../firmware")
module("main.py", base_path="../../firmware")
package("bms", base_path="../../firmware")
freeze("../../lib")
module("pico.py", base_path="../rp2")
module("board.py", base_path=".")
