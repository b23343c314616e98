"""Whatever option a message or docstring advises is there."""

import ast
import re
from pathlib import Path

import typer

from scopesift.cli import app

ROOT = Path(__file__).parents[2]
PARTS = ("files", "features", "classifiers", "filtering", "service", "scopesift")
ADVISED = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
OF_OTHER_PROGRAMS = {"--force-reinstall", "--no-deps", "--merge", "--control-vector"}  # pip, llama.cpp
STYLE = "pages"  # variables of style sheets begin with two dashes too


def options_of(command):
    """Every option of a command and of the commands below it."""
    command = getattr(command, "loaded", command)
    found = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return found.union({"--help"}, *map(options_of, getattr(command, "commands", {}).values()))


def advised(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ADVISED.findall(node.value)


def test_every_advised_option_is_there():
    known = options_of(typer.main.get_command(app)) | OF_OTHER_PROGRAMS
    files = [path for part in PARTS for path in (ROOT / part).rglob("*.py") if STYLE not in path.parts]
    found = {(path.name, option) for path in files for option in advised(path)}
    assert len(found) > 30
    assert {one for one in found if one[1] not in known} == set()
