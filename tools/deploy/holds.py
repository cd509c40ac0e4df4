"""Can the monitor of a board hold a configuration? Asked of its driver, on a simulated one."""

from deploy.files import constant

# part of a board's name: family of boards.sim.families. The simulated boards of the others are wired
# otherwise than the real ones, so that what they refuse says nothing.
_FAMILIES = {"bq76952": "bq769x2", "libresolar": "bq769x2", "sim": "bq769x2"}


def refusal(config, board: str) -> str:
    """What keeps a board from starting with this `Config`, in the driver's words; empty: nothing does."""
    wired = _sensors(board, config.ntc_n)
    if config.ntc_n > wired:
        return f"ntc_n: {config.ntc_n}, wired are {wired}"
    family = [found for part, found in _FAMILIES.items() if part in board]
    if not family:
        return ""
    from boards.sim.board import Sim
    from sim.plant import Plant

    try:
        Sim(config, Plant(cell_n=config.cell_n, ntc_n=config.ntc_n), family[0])
    except ValueError as error:
        return str(error)
    return ""


def _sensors(board: str, unknown: int) -> int:
    """Cell thermistors that a board has pins for."""
    try:
        return len(constant(board, "NTCS"))
    except (OSError, ValueError):  # a simulated board, or a stranger's
        return unknown
