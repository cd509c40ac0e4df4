"""What a pack is worth and by what evidence, as one answer of the native service: docs/ble.md has the fields.

Loaded when somebody asks, and forgotten again.
"""

_LIFE_N = 6  # extremes


def health(frame, pack) -> int:
    """Fill an answer whose status is written; its length."""
    found = pack.health
    life = found.life
    capacity = found.capacity
    resistance = found.resistance
    frame.number(life.age_min, 4).number(found.energy_wh(pack.soc), 4)
    frame.number(found.to_empty_min, 2).number(found.to_full_min, 2)
    frame.number(capacity.e4, 2).number(capacity.sigma_e4, 2).number(min(capacity.n, 0xFFFF), 2)
    frame.number(capacity.from_kind, 1).number(capacity.to_kind, 1).number(capacity.when_min, 4)
    frame.number(resistance.n, 4).number(resistance.when_min, 4).number(resistance.temp_ddegc, 2)
    frame.number(found.joints, 2).number(found.weak, 2)
    frame.number(life.in_mah, 4).number(life.out_mah, 4)
    for minutes in life.minutes:
        frame.number(minutes, 4)
    for k in range(_LIFE_N):
        frame.number(life.value[k], 4).number(life.which[k], 1).number(life.when_min[k], 4)
    frame.number(pack.config.cell_n, 1)
    for i in range(pack.config.cell_n):
        frame.number(resistance.uohm[i], 3).number(found.deltas.e5[i], 2)
    return frame.end()
