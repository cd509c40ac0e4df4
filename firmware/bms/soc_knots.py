"""The rest voltage of LiFePO4 that a pack begins with, as knots; only a start needs it.

Between the low-rate tests of three makes (26650 and 18650 of A123, a 3.5 Ah cell). Half of the gap between
charge and discharge branch comes from the same tests.
"""

from bms.soc_curve import Curve

_OWN_PM = (0, 20, 50, 100, 150, 200, 300, 400, 500, 600, 650, 700, 750, 800, 900, 950, 980, 1000)

# SoC in 0.1 %, rest voltage in 0.1 mV: between the low-rate tests of three makes, mean of branches
PM = (
    0, 10, 20, 30, 40, 50, 60, 80, 100, 125, 150, 175, 200, 225, 250, 275, 300, 325, 350, 375, 400, 450,
    500, 550, 600, 650, 675, 700, 725, 750, 775, 800, 850, 900, 920, 940, 950, 960, 970, 980, 990, 1000,
)  # fmt: skip
DMV = (
    23000, 27600, 28800, 29580, 30230, 30730, 31120, 31650, 31950, 32140, 32260, 32400, 32520, 32640,
    32740, 32830, 32900, 32960, 33010, 33050, 33075, 33105, 33120, 33135, 33155, 33200, 33240, 33290,
    33340, 33385, 33415, 33435, 33455, 33480, 33505, 33540, 33575, 33635, 33730, 33920, 34350, 35600,
)  # fmt: skip
HALF_PM = (0, 150, 250, 350, 450, 550, 650, 750, 850, 1000)
HALF_DMV = (150, 160, 180, 150, 130, 140, 160, 130, 130, 140)


def curve(config) -> Curve:
    """The curve that somebody measured on these cells, or ours."""
    if not config.ocv_own:
        return Curve()
    return Curve(_OWN_PM, [getattr(config, f"ocv_{pm // 10}_mv") * 10 for pm in _OWN_PM], own=True)
