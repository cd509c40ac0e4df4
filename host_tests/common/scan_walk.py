"""A walk of random answers from every role, and the invariants of the scan. Runs on every interpreter."""

from bms import bits
from host_tests.common.scan_rig import Rig
from roles import BOTH, CHG, DSG, TEMP_NONE
from sim.prng import Prng

LIMIT = 1 << 30
CALLS = (
    "read_alarm read_status read_cells read_current read_temps read_fets write_fets write_bleed arm "
    "verify_all verify_step clear_alarm probe detect_load sleep shutdown all"
).split()
WORKING = (bits.PRECHARGE, bits.RUN, bits.CHG_ONLY, bits.DSG_ONLY)


class Walker:
    """Changes one answer at a time and looks at what the scan made of it."""

    def __init__(self, seed):
        self.prng = Prng(seed)
        self.rig = Rig(cell_n=self.prng.between(3, 16), ntc_n=self.prng.between(1, 4))
        self.calm_n = 0

    def stir(self):
        prng, roles = self.prng, self.rig.roles
        if self.calm_n > 0:  # long enough now and then for the pack to run again
            self.calm_n -= 1
            return
        if prng.below(4):
            return
        draw = prng.below(16)
        if draw == 0:
            self.calm()
        elif draw < 4:
            roles.cell_mv[prng.below(roles.cell_n)] = prng.pick(
                (0, 1990, 2790, 3000, 3300, 3460, 3660, 3910, 5500, prng.below(6000))
            )
        elif draw < 6:
            roles.pack_ma = prng.pick(
                (0, 0, 300, -300, 60000, -120000, 327670, -327680, LIMIT - 1, 1 - LIMIT)
            )
        elif draw < 8:
            roles.temps[prng.below(roles.ntc_n)] = prng.pick(
                (-401, -201, -1, 0, 250, 501, 601, 1201, TEMP_NONE)
            )
        elif draw == 8:
            roles.fet_ddegc = prng.pick((250, 900, TEMP_NONE))
            roles.die_ddegc = prng.pick((250, 700, 900, TEMP_NONE))
        elif draw == 9:
            roles.trips = prng.pick((0, 0, 1 << prng.below(14), prng.below(1 << 14)))
            roles.alarm = prng.below(1 << 16) if prng.below(2) else 0
        elif draw == 10:
            roles.flags = prng.pick((0, 0, 1 << prng.below(5)))
        elif draw == 11:
            roles.fail = {prng.pick(CALLS)} if prng.below(2) else set()
        elif draw == 12:
            roles.stuck = prng.pick((None, None, prng.below(16)))
            roles.verify = prng.below(3)
            roles.differ_n = prng.pick((0, 0, 0, 1))
        elif draw == 13:
            roles.terminal_mv = prng.pick((None, 0, 20000, 65535))
            roles.stack_error_mv = prng.pick((0, 0, 300, -5000))
        elif draw == 14:
            self.rig.board.open = prng.below(4) == 0
        else:
            self.rig.pack.request(1 << prng.below(8))

    def calm(self):
        self.rig.roles.calm()
        self.rig.board.open = False
        self.rig.pack.request(self.prng.pick((0, bits.REQ_CLEAR, bits.REQ_CLEAR | bits.REQ_ON)))
        self.calm_n = self.prng.below(400)

    def tick(self):
        rig = self.rig
        rig.roles.calls.clear()
        if self.prng.below(200) == 0 and rig.board.alert_pin.handler:
            rig.board.alert_pin.handler(None)
        usual = self.calm_n > 0 or self.prng.below(20)
        rig.run(1, 250 if usual else self.prng.pick((0, 1, 400, 1300, 1 << 29)))
        return rig

    def look(self, rig):
        pack, scan = rig.pack, rig.scan
        blocks = pack.protect.blocks
        assert not pack.intent & BOTH & blocks
        if rig.permits():
            assert pack.mode.mode in WORKING and scan.act.armed and pack.intent & BOTH
            assert pack.snap.age_ms < rig.config.stale_ms and not rig.board.open
            assert not rig.roles.fets & BOTH & ~pack.intent or not pack.snap.fresh
        else:
            assert rig.board.off_pins[0].level == rig.board.off_pins[1].level == 0
        for name, value in rig.roles.calls:
            if name == "write_fets":
                assert not value & blocks & BOTH
            elif name == "write_bleed":
                assert not value & value << 1 and value < 1 << rig.config.cell_n
        assert not (blocks & CHG and pack.limits.ccl_ma) and not (
            blocks & DSG and pack.limits.dcl_ma
        )
        assert 0 <= pack.limits.ccl_ma <= rig.config.ccl_ma
        assert -LIMIT < min(pack.q) and max(pack.q) < LIMIT
        assert 0 <= pack.soc.soc_pm <= 1000 and -LIMIT <= pack.soc.charge_uah < LIMIT


def walk(seed, ticks):
    """That many scans; how many of them permitted the FETs."""
    walker = Walker(seed)
    ran = 0
    for _ in range(ticks):
        walker.stir()
        rig = walker.tick()
        walker.look(rig)
        ran += rig.permits()
    return walker, ran
