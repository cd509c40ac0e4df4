"""Two LTC6811 and an INA228 on the Pico's own SPI and I2C: no monitor opens these FETs; judged by the pack."""

import pytest

from host_tests.target import rig
from host_tests.target.rig import apart

CONFIG = {"cell_n": 16, "precharge_on": 0, "sc_hold_ms": 5000, "oc_hold_ms": 5000}
SCD_US = 195  # the comparator's delay
PIN_US = 40  # ALERT to the off-pins
OCD2_MS = 320
STALE_MS = 1000 + 250 + 100
BOARD = "pico_ltc6811"


@pytest.fixture(scope="module")
def packed(an_image):
    """A pack that is protected, every reporter loaded. Use it in a copy."""
    from emulate.bench_ltc6811 import Bench6811

    pairs = rig.content(BOARD, CONFIG) + rig.waived(BOARD, CONFIG)
    bench = Bench6811(CONFIG, flash=rig.flash_with(pairs), service=False)
    bench.pico.boot()
    rig.await_permission(bench)
    bench.pico.run_ms(rig.LOADED_MS)
    return bench


def falls(bench) -> dict:
    """When each wire went low for the first time from now on, ns."""
    seen = {}
    for name in ("ALERT", "LATCHED", "CFETOFF", "DFETOFF"):
        bench.hardware.line(name).watch(
            lambda level, name=name: level or seen.setdefault(name, bench.pico.now_ns)
        )
    return seen


def test_it_boots_over_both_buses_arms_and_protects(packed):
    assert packed.conducting() and packed.pico.resets == 0
    assert packed.chip.illegal == [] and packed.chip.chain.pec_errors == 0
    assert packed.spi.transactions > 100 and packed.i2c.transactions > 30
    assert packed.spi.baudrate <= 1_000_000


@apart
def test_a_short_is_cut_by_the_comparator_and_by_pio_and_the_scan_lets_it_back(packed):
    bench = packed
    seen = falls(bench)
    bench.touch(lambda plant: plant.outside.short(0.005))
    assert bench.plant.current_a < -1000
    at_ns = bench.pico.now_ns
    rig.us_until(bench, bench.off, SCD_US + 5)
    bench.pico.run_ms(1)
    assert seen["LATCHED"] - at_ns <= SCD_US * 1000
    for name in ("CFETOFF", "DFETOFF"):
        assert seen[name] - seen["ALERT"] <= PIN_US * 1000
    bench.pico.run_ms(300)
    assert rig.Jbd(bench.pico).protection() == "short circuit"
    bench.touch(lambda plant: plant.outside.short(0))
    while (bench.pico.now_ns - at_ns) / 1e6 < CONFIG["sc_hold_ms"]:
        bench.pico.run_ms(50)
        assert bench.off()
    rig.await_permission(bench)


@apart
def test_an_over_current_that_the_meter_sees_is_cut_without_a_scan(packed):
    """Nobody but the INA228's ALERT and the off-pins: the comparator's limit is higher, the scan is slower."""
    bench = packed
    seen = falls(bench)
    scans = bench.spi.transactions
    bench.touch(lambda plant: plant.outside.load(amps=250))
    assert -300 < bench.plant.current_a < -200
    at_ns = bench.pico.now_ns
    rig.us_until(bench, bench.off, OCD2_MS * 1000, 100)
    assert "LATCHED" not in seen
    assert max(seen["CFETOFF"], seen["DFETOFF"]) - seen["ALERT"] <= PIN_US * 1000
    assert seen["ALERT"] - at_ns <= OCD2_MS * 1e6 and bench.spi.transactions >= scans
    for _ in range(8):
        bench.pico.run_ms(100)
        assert not bench.plant.dsg_on and abs(bench.plant.current_a) < 1  # charging may go on
    bench.touch(lambda plant: plant.outside.load())  # its going ends the hold time early
    assert bench.pico.run_until(lambda: bench.plant.dsg_on, 8000, 5)


@apart
def test_alert_alone_opens_the_fets(packed):
    """Something else pulls it: the off-pins are all there is."""
    packed.alert.end("spanner").drive(0)
    rig.us_until(packed, packed.off, PIN_US)
    assert packed.hardware.line("LATCHED").level


@apart
def test_a_device_that_dies_in_the_chain_opens_the_fets(packed):
    packed.chip.chain.cut = 1
    rig.us_until(packed, packed.off, STALE_MS * 1000, 1000)
    packed.chip.chain.cut = 2
    rig.await_permission(packed)


@apart
def test_a_pico_in_reset_leaves_gates_that_are_off(packed):
    packed.pico.hold_reset(True)
    assert packed.off()
