"""The parts of the house: each knows those below it and no other."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW = {
    "files": (),
    "kernels": (),
    "features": ("files", "kernels"),
    "classifiers": ("files", "kernels", "features"),
    "filtering": ("files", "kernels", "features", "classifiers"),
    "service": ("files", "kernels", "features", "classifiers"),
}


def imported(path):
    """Top-level names of everything that a file imports, at its beginning or inside of a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: an import by its full name"
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("part", BELOW)
def test_a_part_imports_only_itself_and_parts_below_it(part):
    allowed = {f"scopesift_{name}" for name in (part, *BELOW[part])}
    files = sorted((ROOT / part).rglob("*.py"))
    assert files
    for path in files:
        ours = {name for name in imported(path) if name == "scopesift" or name.startswith("scopesift_")}
        assert ours <= allowed, path


def test_the_lowest_part_is_imported_without_torch_and_without_the_extras():
    modules = sorted((ROOT / "files").rglob("[a-z]*.py"))
    names = [".".join(path.relative_to(ROOT / "files").with_suffix("").parts) for path in modules]
    program = (
        f"import sys, importlib; [importlib.import_module(name) for name in {names}]; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"torch", "pyarrow", "fsspec", "zstandard"}.isdisjoint(done.stdout.split())
