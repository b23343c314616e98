"""The modules for data tools: none is imported unless asked for, and one without its package says so in a line."""

import subprocess
import sys

import pytest

HOSTS = {
    "scopesift.datatrove": ("datatrove", "datatrove>=0.10"),
    "scopesift.daft": ("daft", "daft>=0.6"),
    "scopesift.nemo_curator": ("nemo_curator", "nemo-curator>=1.4"),
}
TOOLS = {"datasets", "ray", "daft", "datatrove", "nemo_curator", "dolma"}


def printed(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[0]


def test_importing_scopesift_imports_no_data_tool_and_nothing_of_filtering():
    modules = set(printed("import sys, scopesift; print(*sys.modules)").split())
    assert TOOLS.isdisjoint(modules)
    assert {"scopesift_filtering", "pyarrow", "duckdb", "pandas"}.isdisjoint(modules)


def test_the_scorer_imports_no_data_tool():
    program = "import sys; from scopesift import Scorer; print(*sys.modules)"
    modules = set(printed(program).split())
    assert "scopesift_filtering.batches.scorer" in modules
    assert TOOLS.isdisjoint(modules)
    assert {"duckdb", "pandas"}.isdisjoint(modules)


@pytest.mark.parametrize("module", HOSTS)
def test_a_missing_package_is_named_with_the_command_that_installs_it(module):
    package, wanted = HOSTS[module]
    program = f"""
import importlib, sys
sys.modules[{package!r}] = None
from scopesift_files.errors import UsageError
try:
    importlib.import_module({module!r})
except UsageError as error:
    print(error)
"""
    called = package.replace("_", "-")
    assert printed(program) == f"{called} is not installed; pip install '{wanted}'"


def test_scopesift_has_no_other_attribute():
    import scopesift

    with pytest.raises(AttributeError, match="no attribute 'Scorers'"):
        _ = scopesift.Scorers
