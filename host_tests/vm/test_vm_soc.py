"""The estimators allocate nothing, stay within small integers and say the same on both interpreters."""

import pytest

import vm
from host_tests.vm.test_vm import here

SCRIPT = "host_tests/common/say_soc.py"


def test_wild_lives_end_alike_and_never_touch_the_heap(tree):
    assert vm.run(tree, SCRIPT) == here(SCRIPT)


def test_an_estimator_that_allocates_is_found(tree):
    path = tree / "firmware/bms/soc_belief.py"
    text = path.read_text()
    spoiled = text.replace("        log = self.log\n", "        log = list(self.log)\n", 1)
    assert spoiled != text
    path.write_text(spoiled)
    with pytest.raises(RuntimeError, match="MemoryError"):
        vm.run(tree, SCRIPT)
    path.write_text(text)
