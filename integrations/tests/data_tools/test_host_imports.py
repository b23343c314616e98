"""Each module for a data tool imports with none of the other tools installed."""

import subprocess
import sys

import pytest

# ray and pandas come with NeMo Curator; datasets is what none of the adapters needs
NEEDS = {
    "scopesift.datatrove": {"datatrove"},
    "scopesift.daft": {"daft"},
    "scopesift.nemo_curator": {"nemo_curator", "ray"},
}
TOOLS = {"datatrove", "daft", "nemo_curator", "datasets", "ray", "dolma"}
PROGRAM = """
import importlib, importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
importlib.import_module({module!r})
from scopesift import Scorer
print(Scorer(scope="nano").schema.names[-1])
"""


@pytest.mark.parametrize("module", NEEDS)
def test_a_module_needs_no_tool_but_its_own(module):
    program = PROGRAM.format(blocked=TOOLS - NEEDS[module], module=module)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "scopesift_reason"
