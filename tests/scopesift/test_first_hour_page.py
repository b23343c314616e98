"""The commands of docs/qwen.md are commands of this program, with options that it has."""

import re
import shlex
from pathlib import Path

import pytest
from scopesift_features.catalogue.table import find_entry
from scopesift_features.pulling.pull import check_layers
from typer.main import get_command

from scopesift.cli import app
from scopesift.commands.choices import parse_layers
from scopesift.commands.reproduce import STUDIES

PAGE = Path(__file__).parents[2] / "docs" / "qwen.md"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
SETTING = re.compile(r"[A-Z_]+=\S+ ")
LINES = [SETTING.sub("", line) for language, block in BLOCKS if not language for line in block.splitlines()]
COMMANDS = [line for line in LINES if line.startswith("scopesift")]


def parsed(line):
    """The command of a line, and what it would be called with."""
    command, words = get_command(app), shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
        command = getattr(command, "loaded", command)
    return command, command.make_context(command.name, list(words)).params


def test_the_page_has_every_step():
    names = {parsed(line)[0].name for line in COMMANDS}
    assert names == {"doctor", "cost", "pull", "check", "fit", "evaluate", "classify", "reproduce", "serve"}


@pytest.mark.parametrize("line", COMMANDS)
def test_its_options_and_layers_are_there(line):
    name, given = parsed(line)[0].name, parsed(line)[1]
    if given.get("layers"):
        check_layers(find_entry("qwen3-1.7b-w32k-l0_50"), parse_layers(given["layers"]))
    if given.get("scope"):
        assert find_entry(given["scope"]).id in (given["scope"], "e5")
    if name == "reproduce":
        assert given["study"] in (*STUDIES, None)


def test_a_line_with_an_option_that_is_not_there_fails():
    with pytest.raises(Exception, match="No such option"):
        parsed("scopesift scopes pull qwen3-1.7b-w32k-l0_50 --layer 6")


def test_every_link_of_the_page_leads_somewhere():
    text = PAGE.read_text(encoding="utf-8")
    for name, anchor in re.findall(r"\]\((\w+\.md)?(?:#([\w-]+))?\)", text):
        page = PAGE.parent / name if name else PAGE
        headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, f"{name}#{anchor}"
