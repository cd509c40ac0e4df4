"""Data memory of TI's BQ769x2: the registers we own, and how a configuration becomes their codes.

Own means: written when the chip is armed, read back for ever. Calibration of a single board,
security, regulators and communication are not ours. Addresses, units and ranges: SLUUBY2B chapter
13 (BQ76952), SLUUBY1B (BQ76942), SLUUCF2C (BQ769142).

Every code is rounded to the side that trips earlier: over-voltage, currents and delays down,
under-voltage up. Temperatures are the exception: the chip knows whole degrees and trips `_MARGIN`
outside the host, so that the host, which explains its decisions, acts first. Charging in the cold
has no such margin: the chip forbids it at the host's own limit.
"""

import struct

from micropython import const

from bq769x2_window import ALARM_MASK, BAL_INTERVAL_S, BLOCK_N, FET_NTC, NTC_PINS, Window

_MARGIN = const(30)  # 0.1 degC

# A rule: round up?, numerator, denominator (0 = shunt in uohm), offset, margin. Of a field's
# value v the code is round((v + margin) * denominator / numerator) - offset.
_RAW = (False, 1, 1, 0, 0)
_MV_DOWN = (False, 506, 10, 0, 0)  # 50.6 mV
_MV_UP = (True, 506, 10, 0, 0)
_MS = (False, 33, 10, 2, 0)  # 3.3 ms, and two more than the code says
_MA = (False, 2000000, 0, 0, 0)  # 2 mV at the shunt
_SCD_MA = (False, 1000000, 0, 0, 0)  # mV at the shunt, then an index into _SCD_MV
_SCD_US = (False, 15, 1, -1, 0)
_S = (False, 1000, 1, 0, 0)  # s of a field in ms
_CV = (False, 10, 1, 0, 0)  # 10 mV
_COLD = (True, 10, 1, 0, 0)  # degC of a field in 0.1 degC
_OVER = (True, 10, 1, 0, _MARGIN)
_UNDER = (False, 10, 1, 0, -_MARGIN)

_SCD_MV = (10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)

# CC Gain of a shunt of 1 uohm (SLUUBY1B "Current Calibration", VREF2 = 1.24 V)
_CC_GAIN = 7568.4
_CAPACITY_GAIN = 298261.6178  # of CC Gain

# Recovery from over-current needs a current beyond these (E2E 1304741; SLUUBY2B for OCC). Both
# are just beyond zero, so the chip recovers by time once its FET is open. When to close it again
# is the host's decision; a host that is dead has been noticed by the watchdog before.
_OCC_RECOVERY_MA = const(100)
_OCD_RECOVERY_MA = const(-100)

# fmt: off
# address, struct type, source, rule, lowest code, highest code  # name in the manual: remarks
# source: a constant; a field's name; "@..." what `Memory` works out from several, or the wiring
_ROWS = (
    (0x91A8, "<f", "@cc_gain", _RAW, 0, 0),  # CC Gain
    (0x91AC, "<f", "@capacity_gain", _RAW, 0, 0),  # Capacity Gain
    (0x9234, "<H", "@power", _RAW, 0, 0xFFFF),  # Power Config
    (0x9244, "<B", "@shutdown_degc", _RAW, 1, 150),  # Shutdown Temperature
    (0x925F, "<H", 0x0002, _RAW, 0, 0xFFFF),  # Protection Configuration
    (0x9261, "<B", 0xFC, _RAW, 0, 0xFF),  # Enabled Protections A: SCD OCD2 OCD1 OCC COV CUV
    (0x9262, "<B", "@enabled_b", _RAW, 0, 0xFF),  # Enabled Protections B
    (0x9263, "<B", 0x82, _RAW, 0, 0xFF),  # Enabled Protections C: OCD3, host watchdog
    (0x9265, "<B", 0x98, _RAW, 0, 0xFF),  # CHG FET Protections A: at once with 0x98, 0x18 only
    (0x9266, "<B", 0xD5, _RAW, 0, 0xFF),  # CHG FET Protections B
    (0x9267, "<B", 0x56, _RAW, 0, 0xFF),  # CHG FET Protections C
    (0x9269, "<B", 0xE4, _RAW, 0, 0xFF),  # DSG FET Protections A: at once with 0xE4, 0x80 only
    (0x926A, "<B", 0xE6, _RAW, 0, 0xFF),  # DSG FET Protections B
    (0x926B, "<B", 0xE2, _RAW, 0, 0xFF),  # DSG FET Protections C
    (0x926D, "<H", "@alarm", _RAW, 0, 0xFFFF),  # Default Alarm Mask
    (0x9273, "<h", "@body_diode_ma", _RAW, 0, 32767),  # Body Diode Threshold
    (0x9275, "<B", "chip_cuv_mv", _MV_UP, 20, 90),  # CUV Threshold
    (0x9276, "<H", "chip_cuv_ms", _MS, 1, 2047),  # CUV Delay
    (0x9278, "<B", "chip_cov_mv", _MV_DOWN, 20, 110),  # COV Threshold
    (0x9279, "<H", "chip_cov_ms", _MS, 1, 2047),  # COV Delay
    (0x927B, "<B", "@cuv_hyst", _RAW, 2, 20),  # CUV Recovery Hysteresis
    (0x927C, "<B", "@cov_hyst", _RAW, 2, 20),  # COV Recovery Hysteresis
    (0x9280, "<B", "occ2_ma", _MA, 2, 62),  # OCC Threshold
    (0x9281, "<B", "occ2_ms", _MS, 1, 127),  # OCC Delay
    # Both tiers hold the same limit: the chip's delays end at 426 ms, too short for the host's
    # ocd1.
    (0x9282, "<B", "ocd2_ma", _MA, 2, 100),  # OCD1 Threshold
    (0x9283, "<B", "ocd2_ms", _MS, 1, 127),  # OCD1 Delay
    (0x9284, "<B", "ocd2_ma", _MA, 2, 100),  # OCD2 Threshold
    (0x9285, "<B", "ocd2_ms", _MS, 1, 127),  # OCD2 Delay
    (0x9286, "<B", "scd_ma", _SCD_MA, 0, 15),  # SCD Threshold
    (0x9287, "<B", "scd_us", _SCD_US, 1, 31),  # SCD Delay
    (0x9288, "<h", _OCC_RECOVERY_MA, _RAW, -32768, 32767),  # OCC Recovery Threshold
    # of the mean current: the ripple of an inverter passes below all other limits again and again
    (0x928A, "<h", "@ocd3_user", _RAW, -32768, 0),  # OCD3 Threshold
    (0x928C, "<B", "@ocd3_s", _RAW, 0, 255),  # OCD3 Delay
    (0x928D, "<h", _OCD_RECOVERY_MA, _RAW, -32768, 32767),  # OCD Recovery Threshold
    (0x9294, "<B", 5, _RAW, 0, 255),  # SCD Recovery Time
    (0x929A, "<b", "otc_ddegc", _OVER, -40, 120),  # OTC Threshold
    (0x929B, "<B", "temp_ms", _S, 0, 255),  # OTC Delay
    (0x929C, "<b", "otc_clear_ddegc", _OVER, -40, 120),  # OTC Recovery
    (0x929D, "<b", "otd_ddegc", _OVER, -40, 120),  # OTD Threshold
    (0x929E, "<B", "temp_ms", _S, 0, 255),  # OTD Delay
    (0x929F, "<b", "otd_clear_ddegc", _OVER, -40, 120),  # OTD Recovery
    (0x92A0, "<B", "otf_ddegc", _OVER, 0, 150),  # OTF Threshold
    (0x92A1, "<B", "temp_ms", _S, 0, 255),  # OTF Delay
    (0x92A2, "<B", "otf_clear_ddegc", _OVER, 0, 150),  # OTF Recovery
    (0x92A3, "<b", "otint_ddegc", _OVER, -40, 120),  # OTINT Threshold
    (0x92A4, "<B", "temp_ms", _S, 0, 255),  # OTINT Delay
    (0x92A5, "<b", "otint_clear_ddegc", _OVER, -40, 120),  # OTINT Recovery
    (0x92A6, "<b", "utc_ddegc", _COLD, -40, 120),  # UTC Threshold
    (0x92A7, "<B", "temp_ms", _S, 0, 255),  # UTC Delay
    (0x92A8, "<b", "utc_clear_ddegc", _COLD, -40, 120),  # UTC Recovery
    (0x92A9, "<b", "utd_ddegc", _UNDER, -40, 120),  # UTD Threshold
    (0x92AA, "<B", "temp_ms", _S, 0, 255),  # UTD Delay
    (0x92AB, "<b", "utd_clear_ddegc", _UNDER, -40, 120),  # UTD Recovery
    (0x92AF, "<B", 3, _RAW, 0, 255),  # Recovery Time
    (0x92B0, "<h", 200, _RAW, 10, 8500),  # OCC PACK-TOS Delta
    (0x92B2, "<H", "host_watchdog_s", _RAW, 1, 65535),  # HWD Delay
    (0x92C0, "<B", 0x00, _RAW, 0, 0xFF),  # Enabled PF A: final: for broken memory only
    (0x92C1, "<B", 0x00, _RAW, 0, 0xFF),  # Enabled PF B
    (0x92C2, "<B", 0x07, _RAW, 0, 0xFF),  # Enabled PF C
    (0x92C3, "<B", 0x00, _RAW, 0, 0xFF),  # Enabled PF D
    (0x92FA, "<B", "@off_pin", _RAW, 0, 0xFF),  # CFETOFF Pin Config
    (0x92FB, "<B", "@off_pin", _RAW, 0, 0xFF),  # DFETOFF Pin Config
    (0x92FC, "<B", 0x82, _RAW, 0, 0xFF),  # ALERT Pin Config: open drain, active low
    (0x92FD, "<B", "@TS1", _RAW, 0, 0xFF),  # TS1 Config
    (0x92FE, "<B", "@TS2", _RAW, 0, 0xFF),  # TS2 Config
    (0x92FF, "<B", "@TS3", _RAW, 0, 0xFF),  # TS3 Config
    (0x9300, "<B", "@HDQ", _RAW, 0, 0xFF),  # HDQ Pin Config
    (0x9301, "<B", "@DCHG", _RAW, 0, 0xFF),  # DCHG Pin Config
    (0x9302, "<B", "@DDSG", _RAW, 0, 0xFF),  # DDSG Pin Config
    (0x9303, "<B", "@da", _RAW, 0, 0xFF),  # DA Configuration
    (0x9304, "<H", "@inputs", _RAW, 0, 0xFFFF),  # Vcell Mode
    (0x9308, "<B", "@fet_options", _RAW, 0, 0xFF),  # FET Options
    (0x930A, "<h", 0, _RAW, 0, 32767),  # Precharge Start Voltage: 0: PCHG FET not used
    (0x930C, "<h", 0, _RAW, 0, 32767),  # Precharge Stop Voltage
    (0x930E, "<B", 0, _RAW, 0, 255),  # Predischarge Timeout: 0: none, the host caps it
    (0x930F, "<B", "precharge_mv", _CV, 1, 255),  # Predischarge Stop Delta
    (0x9335, "<B", 0x00, _RAW, 0, 0xFF),  # Balancing Configuration: by the host's command only
    (0x9336, "<b", "@bal_min_degc", _RAW, -128, 127),  # Min Cell Temp
    (0x9337, "<b", "@bal_max_degc", _RAW, -128, 127),  # Max Cell Temp
    (0x9338, "<b", "bal_die_stop_ddegc", _CV, -128, 127),  # Max Internal Temp
    (0x9339, "<B", "@bal_interval_s", _RAW, 1, 255),  # Cell Balance Interval
    (0x933A, "<B", "bal_max_n", _RAW, 1, 16),  # Cell Balance Max Cells
)
# fmt: on
_ADDRESS = const(0)
_TYPE = const(1)
_SOURCE = const(2)
_RULE = const(3)
_LOW = const(4)
_HIGH = const(5)


_POWER = const(0x2882)  # reset value without SLEEP
_SHUT_TS2 = const(0x1000)  # a thermistor on TS2 would wake the chip from SHUTDOWN (SLUUBY2B)
_TEMPS_B = const(0x73)  # OTINT OTD OTC UTD UTC
_OTF_B = const(0x80)
_USER_VOLTS_CV = const(0x04)  # stack, PACK and LD in 10 mV
_FET_OPTIONS = const(0x2D)  # FET_INIT_OFF, FET_CTRL_EN, HOST_FET_EN, SFET
_PDSG_EN = const(0x10)
_OFF_PIN = const(0x86)  # forces the FETs off while low, weak pull-down
_HYST_MIN = const(2)
_HYST_MAX = const(20)
_WORD_MAX = const(32767)
_OCD3_LATER_S = const(2)  # than the host's ocd1, which acts first where the current is steady
_SHUTDOWN_DEGC = const(10)  # above OTINT: first the FETs, then everything


class Memory:
    """What the chip shall hold for one configuration; made whole or not at all.

    `config`: attributes named like the fields in the table. `inputs`: mask of cell inputs in use.
    `ntc`: pin name -> CELL_NTC or FET_NTC. Made once, so integers may be long here (ma * uohm).
    """

    def __init__(self, config, inputs: int, ntc, off_pins: bool = True):
        self.windows = []
        self.applied = {}
        self._shunt = config.shunt_uohm
        # either way: a reading that saturates below a limit would never reach it
        wide = max(config.scd_ma, 3 * config.ocd2_ma, config.occ2_ma) > 32000
        self.ma_per_bit = 10 if wide else 1
        made = self._work_out(config, inputs, ntc, off_pins)
        for row in _ROWS:
            address, kind, source, _, _, _ = row
            if not isinstance(source, str):
                value = source
            elif source[0] == "@":
                value = made[source]
            else:
                value = self._field(row, getattr(config, source))
            self._window(row).put(address, kind, value)
        if self.applied["scd_ma"] <= self.applied["ocd2_ma"]:
            raise ValueError(
                f"scd_ma: {config.scd_ma} is {self.applied['scd_ma']} in the monitor, "
                f"must be above ocd2_ma, {self.applied['ocd2_ma']} there"
            )

    def _work_out(self, config, inputs: int, ntc, off_pins: bool) -> dict:
        """Values that follow from more than one field, or from the wiring."""
        gain = _CC_GAIN / config.shunt_uohm
        cov = _round(config.chip_cov_mv, _MV_DOWN, 0)
        cuv = _round(config.chip_cuv_mv, _MV_UP, 0)
        otf = 0
        made = {}
        for pin in NTC_PINS:
            made["@" + pin] = ntc.get(pin, 0)
            if ntc.get(pin, 0) == FET_NTC:
                otf = _OTF_B
        made["@cc_gain"] = gain
        made["@capacity_gain"] = gain * _CAPACITY_GAIN
        made["@power"] = _POWER | (_SHUT_TS2 if made["@TS2"] else 0)
        made["@shutdown_degc"] = _round(config.otint_ddegc, _OVER, 0) + _SHUTDOWN_DEGC
        made["@enabled_b"] = _TEMPS_B | otf
        made["@alarm"] = ALARM_MASK
        made["@off_pin"] = _OFF_PIN if off_pins else 0
        made["@body_diode_ma"] = config.idle_ma
        made["@ocd3_user"] = -min(config.ocd1_ma // self.ma_per_bit, _WORD_MAX)
        made["@ocd3_s"] = -(-config.ocd1_ms // 1000) + _OCD3_LATER_S
        # the chip shall recover just before the host does, which then decides
        made["@cuv_hyst"] = _clamp(_round(config.cuv_clear_mv, _MV_DOWN, 0) - cuv)
        made["@cov_hyst"] = _clamp(cov - _round(config.cov_clear_mv, _MV_UP, 0))
        made["@da"] = _USER_VOLTS_CV | (2 if self.ma_per_bit == 10 else 1)
        made["@inputs"] = inputs
        made["@fet_options"] = _FET_OPTIONS | (_PDSG_EN if config.precharge_on else 0)
        made["@bal_min_degc"] = _round(config.utd_ddegc, _CV, 0)
        made["@bal_max_degc"] = _round(config.otd_ddegc, _COLD, 0)
        made["@bal_interval_s"] = BAL_INTERVAL_S
        return made

    def _window(self, row) -> Window:
        """Where a row belongs; rows come in order of address and are never split."""
        end = row[_ADDRESS] + struct.calcsize(row[_TYPE])
        if not self.windows or end > self.windows[-1].address + BLOCK_N:
            self.windows.append(Window(row[_ADDRESS]))
        return self.windows[-1]

    def _field(self, row, value: int) -> int:
        """Code of a configuration field; notes what it is worth in the chip."""
        field = row[_SOURCE]
        rule = row[_RULE]
        code = _round(value, rule, self._shunt)
        if rule is _SCD_MA:
            code = _scd_index(code)
        if not row[_LOW] <= code <= row[_HIGH]:
            low, high = self._allowed(row)
            raise ValueError(
                f"{field}: {value} does not fit the monitor's 0x{row[_ADDRESS]:04x}, allowed {low}..{high}"
            )
        self.applied[field] = self._worth(code, rule)
        return code

    def _worth(self, code: int, rule) -> int:
        """A code in the unit of its field, fractions dropped."""
        _, numerator, denominator, offset, _ = rule
        steps = _SCD_MV[code] if rule is _SCD_MA else code + offset
        return steps * numerator // (denominator or self._shunt)

    def _allowed(self, row):
        """Lowest and highest value of a field that its register can hold."""
        rule = row[_RULE]
        _, numerator, denominator, offset, margin = rule
        steps = _SCD_MV[0] if rule is _SCD_MA else row[_LOW] + offset
        low = -(-steps * numerator // (denominator or self._shunt)) - margin
        return low, self._worth(row[_HIGH], rule) - margin


def _round(value: int, rule, shunt_uohm: int) -> int:
    """Code of a value, unchecked."""
    up, numerator, denominator, offset, margin = rule
    scaled = (value + margin) * (denominator or shunt_uohm)
    return (-(-scaled // numerator) if up else scaled // numerator) - offset


def _scd_index(mv: int) -> int:
    """Highest step that is not above `mv`, -1 = none."""
    index = -1
    for i in range(len(_SCD_MV)):
        if _SCD_MV[i] <= mv:
            index = i
    return index


def _clamp(code: int) -> int:
    return min(max(code, _HYST_MIN), _HYST_MAX)
