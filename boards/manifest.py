# What every board freezes besides its wiring: the port's own modules, the firmware and the libraries.
include("$(PORT_DIR)/boards/manifest.py")

module("boot.py", base_path="../firmware")
module("main.py", base_path="../firmware")
package("bms", base_path="../firmware")
freeze("../lib")
