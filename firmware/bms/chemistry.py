"""What changes with the cell: rows that replace those of `fields.FIELDS`, as (name, default, low, high).

LFP is the field table itself. NMC and LTO are starting points for commissioning, not advice: the cell
maker's sheet wins, inside the envelope here.

NMC: 18650 sheets agree on 4.20 V +-0.05 charge, 2.5 to 2.75 V cut-off, charge 0..45 degC, discharge
-20..60 degC; Libre Solar stops at 4.20/3.20 V with 4.25/3.00 V behind. We trip at 4.20 and offer 4.10.
LTO: Libre Solar charges to 2.80, stops at 2.00 with 2.85/1.90 V behind; makers allow 1.5 V and, no
lithium being plated on titanate, charge down to -30 degC (Toshiba SCiB) or -40; we take -20, at most -30.
"""

from bms.fields import FIELDS

_NMC = (
    ("cov_warn_mv", 4150, 3900, 4180),
    ("cov_warn_clear_mv", 4100, 3850, 4180),
    ("cov_mv", 4200, 4000, 4200),
    ("cov_clear_mv", 4050, 3900, 4150),
    ("cov_lock_mv", 4350, 4250, 4350),
    ("cuv_warn_mv", 3200, 2800, 3400),
    ("cuv_warn_clear_mv", 3300, 2900, 3500),
    ("cuv_mv", 3000, 2700, 3300),
    ("cuv_clear_mv", 3400, 2800, 3600),
    ("pov_cell_mv", 4180, 3950, 4200),
    ("pov_clear_mv", 4080, 3850, 4150),
    ("puv_cell_mv", 2950, 2700, 3300),
    ("puv_clear_mv", 3300, 2800, 3500),
    ("openwire_hi_mv", 4700, 4500, 4900),
    ("chip_cov_mv", 4260, 4050, 4300),
    ("chip_cuv_mv", 2600, 2300, 2900),
    ("shutdown_mv", 2800, 2500, 3000),
    ("bal_start_mv", 4000, 3800, 4150),
    ("bal_stop_mv", 3980, 3780, 4140),
    ("cvl_cell_mv", 4100, 3900, 4180),
    ("ccl_taper_mv", 4050, 3800, 4180),
    ("dcl_taper_mv", 3200, 3000, 3500),
    ("full_mv", 4080, 3900, 4180),
    ("empty_mv", 3000, 2700, 3300),
    ("otc_ddegc", 450, 350, 500),
    ("otc_clear_ddegc", 400, 300, 480),
)

_LTO = (
    ("cov_warn_mv", 2750, 2600, 2800),
    ("cov_warn_clear_mv", 2700, 2500, 2800),
    ("cov_mv", 2800, 2650, 2850),
    ("cov_clear_mv", 2650, 2500, 2800),
    ("cov_lock_mv", 2950, 2800, 3000),
    ("cuv_warn_mv", 2100, 1900, 2300),
    ("cuv_warn_clear_mv", 2150, 1950, 2350),
    ("cuv_mv", 2000, 1600, 2200),
    ("cuv_clear_mv", 2150, 1700, 2350),
    ("dead_mv", 1500, 1200, 1800),
    ("dead_clear_mv", 1700, 1250, 2000),
    ("pov_cell_mv", 2780, 2600, 2850),
    ("pov_clear_mv", 2680, 2500, 2800),
    ("puv_cell_mv", 1950, 1600, 2200),
    ("puv_clear_mv", 2100, 1700, 2350),
    ("openwire_lo_mv", 500, 200, 1000),
    ("openwire_hi_mv", 3500, 3100, 4500),
    ("chip_cov_mv", 2860, 2720, 2940),
    ("chip_cuv_mv", 1800, 1400, 2000),
    ("shutdown_mv", 1900, 1500, 2100),
    ("bal_start_mv", 2600, 2500, 2800),
    ("bal_stop_mv", 2580, 2480, 2790),
    ("cvl_cell_mv", 2700, 2550, 2800),
    ("ccl_taper_mv", 2650, 2500, 2800),
    ("dcl_taper_mv", 2150, 1900, 2300),
    ("full_mv", 2650, 2500, 2800),
    ("empty_mv", 2000, 1600, 2200),
    ("utc_ddegc", -200, -300, 150),
    ("utc_clear_ddegc", -150, -290, 200),
    ("otc_ddegc", 550, 350, 600),
    ("otc_clear_ddegc", 500, 300, 580),
    ("utd_ddegc", -300, -350, 0),
    ("utd_clear_ddegc", -250, -330, 50),
    ("heat_on_ddegc", -150, -290, 200),
    ("heat_off_ddegc", -100, -280, 300),
)

CHEMISTRIES = (("LFP", ()), ("NMC", _NMC), ("LTO", _LTO))


def names() -> list:
    """Every chemistry there is; the first is the default."""
    return [name for name, _ in CHEMISTRIES]


def rows(chemistry: str) -> list:
    """The field table of one chemistry: `FIELDS` in its order, with that chemistry's numbers."""
    for name, overrides in CHEMISTRIES:
        if name == chemistry:
            own = {row[0]: row for row in overrides}
            return [own.get(row[0], row)[:4] + (row[4],) for row in FIELDS]
    raise ValueError(chemistry)
