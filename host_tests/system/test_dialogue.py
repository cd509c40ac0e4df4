"""The host's side of commissioning, straight on a simulated desk."""

import inspect
import json
import re

import pytest

from bms import commission_power, commission_steps, commissioning
from cellwarden.dialogue import FINDINGS, PROMPTS, STEPS, Dialogue
from host_tests.common.commission_rig import Bench


class Simulated:
    """A person at the simulator: each wait lets some scans pass."""

    def __init__(self, bench, patience=0):
        self.bench = bench
        self.patience = patience
        self.heard = []

    def tell(self, words):
        self.heard.append(words)

    def number(self, words):
        self.heard.append(words)
        return self.bench.person.act(self.bench.machine.prompt, -1)["ma"]

    def again(self, words):
        self.heard.append(words)
        self.patience -= 1
        self.bench.wires.crossed_wire = -1
        return self.patience >= 0

    def wait(self):
        for _ in range(2):
            self.bench.step()


@pytest.fixture
def bench():
    bench = Bench()
    bench.answers = False
    return bench


def test_a_person_is_led_through_all_of_it(bench):
    person = Simulated(bench)
    done, state = Dialogue(bench, person).run("2026-11-21")
    assert done and not state["held"]
    assert bench.request("report")["date"] == "2026-11-21"
    heard = "\n".join(person.heard)
    for words in ("Load cell 4", "Hold thermistor 3", "Connect a load", "trips: four trips"):
        assert words in heard


def test_a_mistake_is_told_in_words_and_tried_again(bench):
    bench.wires.crossed_wire = 2
    person = Simulated(bench, patience=1)
    done, _ = Dialogue(bench, person).run("2026-11-21")
    assert done
    assert any("sense wires of cell 3 are swapped" in words for words in person.heard)


def test_who_gives_up_leaves_the_pack_off(bench):
    bench.wires.crossed_wire = 2
    done, state = Dialogue(bench, Simulated(bench)).run("2026-11-21")
    assert not done and state["finding"] == "wires_swapped"
    for _ in range(40):
        bench.step()
    assert bench.sim.pack.held and not bench.sim.plant.dsg_on


def test_every_step_prompt_and_finding_has_its_words():
    code = inspect.getsource(commission_steps) + inspect.getsource(commission_power)
    assert set(STEPS) == set(commissioning.STEPS)
    found = set(re.findall(r'Finding\(\s*"(\w+?)"\s*[,)]', code))
    assert found and found <= set(FINDINGS)
    assert {"no_trip_" + row[0] for row in commission_power.TRIALS} <= set(FINDINGS)
    asked = set(re.findall(r'(?:say|ask)\("(\w+)"', code))
    assert asked == set(PROMPTS)


def test_the_longest_state_of_a_commissioning_fits_an_answer():
    """Every word that it can hold at its longest, all at once, which no board ever says."""
    longest = {
        "state": max(commissioning.STATES, key=len),
        "passed": len(commissioning.STEPS),
        "held": False,
        "step": max(commissioning.STEPS, key=len),
        "prompt": max(PROMPTS, key=len),
        "which": -1,
        "finding": max(FINDINGS, key=len),
        "value": -(1 << 31),
    }
    assert len(json.dumps(longest)) < 200
