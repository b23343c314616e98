"""What the READMEs say of every tool, and the versions that they name."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = sorted(
    path.name for path in (ROOT / "integrations").iterdir() if path.is_dir() and path.name != "tests"
)


@pytest.fixture(scope="module")
def table(folder):
    return (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tools_readme_is_in_the_table_and_says_what_happens_while_the_service_is_down(table, folder, tool):
    assert f"]({tool}/)" in table
    assert "**While the service is down**" in (folder / tool / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tools_files_are_all_named_in_its_readme(folder, tool):
    readme = (folder / tool / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in (folder / tool).iterdir() if path.is_file()} - {"README.md"}
    assert files == set(re.findall(r"\]\(([\w.-]+)\)", readme))


def test_the_versions_in_the_table_are_those_that_the_tests_run_with(table):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^[A-Z_]+ := ([\w-]+)(?:\[\w+\])?==(\S+)", makefile, re.MULTILINE))
    for name in ("open-webui", "litellm"):
        assert f"{name} {pins[name]}" in table
    for name in ("langchain", "langchain-openai"):
        pytest.importorskip(name.replace("-", "_"))
        assert f"{name} {'.'.join(version(name).split('.')[:2])} " in table
