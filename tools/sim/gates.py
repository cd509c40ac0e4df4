"""Gate logic of a board whose monitor has none: AND gates, a comparator with a latch, a dead-man's timer.

A FET conducts while its command, its permission, the latch and the timer agree. Every input has a
resistor to ground, so that a dead microcontroller means off. The comparator looks at the shunt by itself.
"""

NEVER = 1 << 62


class Gates:
    """`command`: lines CHG, DSG, PDSG; `permit`: lines for CHG and for DSG; `fine`: lines that must all be high.

    `sense`: ends driven with what the gates of CHG and DSG get.
    """

    def __init__(self, plant, command, permit, fine, sense):
        self._plant = plant
        self._command = command
        self._permit = permit
        self._fine = fine
        self._sense = sense
        for line in list(command) + list(permit) + list(fine):
            line.watch(self._edge)
        self._edge(0)

    def _edge(self, _level: int) -> None:
        fine = min([line.level for line in self._fine])
        chg, dsg, pdsg = [line.level for line in self._command]
        may_chg, may_dsg = [line.level for line in self._permit]
        plant = self._plant
        plant.chg_on = bool(chg and may_chg and fine)
        plant.dsg_on = bool(dsg and may_dsg and fine)
        plant.pdsg_on = bool(pdsg and may_dsg and fine)
        self._sense[0].drive(1 if plant.chg_on else 0)
        self._sense[1].drive(1 if plant.dsg_on else 0)


class Comparator:
    """Either way beyond `limit_a` for `delay_us`: latched until the reset line rises.

    `fine`: end that is 0 while latched, else 1; `alert`: open-drain end.
    """

    def __init__(self, world, plant, limit_a: float, delay_us: int, fine, alert, reset_line):
        self._world = world
        self._plant = plant
        self.limit_a = limit_a
        self.delay_us = delay_us
        self._fine = fine
        self._alert = alert
        self._due_us = NEVER
        self.latched = False
        reset_line.watch(self._reset)
        self._drive()

    def next_us(self) -> int:
        return self._due_us

    def run(self, now_us: int) -> None:
        """Look at the shunt."""
        if abs(self._plant.current_a) <= self.limit_a:
            self._due_us = NEVER
        elif self._due_us == NEVER and not self.latched:
            self._due_us = now_us + self.delay_us
        if now_us >= self._due_us:
            self._due_us = NEVER
            self.latched = True
            self._drive()

    def _reset(self, level: int) -> None:
        if level and self.latched:
            self.latched = False
            self._drive()

    def _drive(self) -> None:
        self._fine.drive(0 if self.latched else 1)
        self._alert.drive(0 if self.latched else None)


class DeadMan:
    """A retriggerable timer: `fine` is 1 for `time_us` after each rise of the stroke line, else 0."""

    def __init__(self, world, stroke_line, fine, time_us: int):
        self._world = world
        self._fine = fine
        self.time_us = time_us
        self._until_us = NEVER
        fine.drive(0)
        stroke_line.watch(self._edge)

    def next_us(self) -> int:
        return self._until_us

    def run(self, now_us: int) -> None:
        if now_us >= self._until_us:
            self._until_us = NEVER
            self._fine.drive(0)

    def _edge(self, level: int) -> None:
        if level:
            self._until_us = self._world.now_us + self.time_us
            self._fine.drive(1)
