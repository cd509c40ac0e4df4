"""Limits offered to chargers and inverters: CVL, CCL, DCL. Pure arithmetic of one scan, no memory.

Each current is its configured best times the smallest of several parts in 1000, so it is monotone in
every reading; what is blocked is 0. The tables are judgement (J) between the named sources.
"""

from micropython import const

from interp import check, interpolate
from roles import CHG, DSG

_WHOLE_PM = const(1000)
_TRICKLE = const(10)  # 0.1C: Sunland allows no more below 2.0 V per cell

# Distance to the next temperature limit, of cells or MOSFETs, cold or hot. 0.25 at 2 degC, 0.5 at 5,
# all at 10 when charging ends at 0 (dbus-serialbattery; Sunland 0..15 degC at most 0.2C); hot (J) the
# same shape: dbus has 0.5 at 45 degC cells and at 80 degC MOSFETs, 5 degC before our trips.
_MARGIN_DDEGC = (0, 20, 50, 100)
_MARGIN_PM = (0, 250, 500, 1000)

# SoC may be wrong, voltage is not: it tapers but never ends a charge or a discharge (J). What is left
# at the top exceeds the tail current of the full anchor, which so keeps its chance.
_FULL_PM = (950, 1000)
_FULL_LEFT_PM = (1000, 200)
_EMPTY_PM = (0, 50)
_EMPTY_LEFT_PM = (200, 1000)

# voltage tapers: of the top cell while charging, of the lowest while discharging
_FALL_PM = (1000, 0)
_RISE_PM = (0, 1000)


class Limits:
    """What may be asked of the pack now."""

    def __init__(self, config):
        self.cvl_mv = 0
        self.ccl_ma = 0
        self.dcl_ma = 0
        self._config = config
        self._cvl_best_mv = config.cell_n * config.cvl_cell_mv
        self._cvl_least_mv = config.cell_n * config.cuv_clear_mv
        self._top_mv = (config.ccl_taper_mv, config.cov_mv)
        self._low_mv = (config.cuv_mv, config.dcl_taper_mv)
        self._trickle_ma = config.capacity_mah // _TRICKLE
        self._recovery_mv = (config.cuv_mv, config.cuv_clear_mv)
        self._recovery_ma = (self._trickle_ma, config.ccl_ma)
        check(self._top_mv, _FALL_PM)
        check(self._low_mv, _RISE_PM)
        check(self._recovery_mv, self._recovery_ma)

    def step(self, snap, soc_pm: int, blocks: int, acked: bool) -> None:
        """Offer anew. `acked`: a person allowed to charge a dead cell."""
        self.cvl_mv = self._charge_voltage(snap)
        self.ccl_ma = 0 if blocks & CHG else self._charge_current(snap, soc_pm, acked)
        self.dcl_ma = 0 if blocks & DSG else self._discharge_current(snap, soc_pm)

    def _charge_voltage(self, snap) -> int:
        """Lower by how far the top cell is ahead of the mean, times the cells.

        A charger that holds this voltage holds the top cell at cvl_cell_mv, to within its own error
        divided by the cells, however far the others are behind. Not below a pack at rest above
        under-voltage: that would be an invitation to discharge.
        """
        ahead_mv = max(0, snap.cell_max_mv * snap.cell_n - snap.cell_sum_mv)
        return max(self._cvl_best_mv - ahead_mv, self._cvl_least_mv)

    def _charge_current(self, snap, soc_pm: int, acked: bool) -> int:
        config = self._config
        part_pm = min(
            interpolate(snap.cell_max_mv, self._top_mv, _FALL_PM),
            _by_temperature(snap, config.utc_ddegc, config.otc_ddegc, config.otf_ddegc),
            interpolate(soc_pm, _FULL_PM, _FULL_LEFT_PM),
        )
        # ccl_ma * 1000 <= 3e8
        most_ma = config.ccl_ma * part_pm // _WHOLE_PM
        if acked:
            return min(most_ma, self._trickle_ma)
        return min(most_ma, interpolate(snap.cell_min_mv, self._recovery_mv, self._recovery_ma))

    def _discharge_current(self, snap, soc_pm: int) -> int:
        config = self._config
        part_pm = min(
            interpolate(snap.cell_min_mv, self._low_mv, _RISE_PM),
            _by_temperature(snap, config.utd_ddegc, config.otd_ddegc, config.otf_ddegc),
            interpolate(soc_pm, _EMPTY_PM, _EMPTY_LEFT_PM),
        )
        return config.dcl_ma * part_pm // _WHOLE_PM


def _by_temperature(snap, cold_ddegc: int, hot_ddegc: int, fet_ddegc: int) -> int:
    """Part in 1000 that temperature leaves.

    No reading, TEMP_NONE, is colder than anything: nothing for cells, no limit by MOSFETs.
    """
    margin = min(
        snap.temp_min_ddegc - cold_ddegc,
        hot_ddegc - snap.temp_max_ddegc,
        fet_ddegc - snap.fet_ddegc,
    )
    return interpolate(margin, _MARGIN_DDEGC, _MARGIN_PM)
