"""What a person meets who types a command: dashes, help, the version, and messages about one of something."""

import json
import re

import pytest
import typer.main

import scopesift
from scopesift.cli import app
from scopesift.command_table import ENTRIES

ROOT = typer.main.get_command(app)
COMMANDS = {(name,): command.loaded for name, command in ROOT.commands.items() if name != "scopes"}
COMMANDS |= {("scopes", name): command for name, command in ROOT.commands["scopes"].loaded.commands.items()}


@pytest.fixture
def options(artifact, tiny_scope_folder):
    return ("--scope", tiny_scope_folder, "--classifier", artifact)


def test_the_version_is_that_of_the_package(invoke):
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"scopesift {scopesift.__version__}\n")


@pytest.mark.parametrize("command", ["classify", "explain"])
@pytest.mark.parametrize("text", ["-1 degrees", "--- what ---", "-x"])
def test_a_text_that_begins_with_a_dash_gets_a_hint_at_two_dashes(invoke, options, command, text):
    result = invoke(command, text, *options)
    said = " ".join(result.stderr.replace("│", " ").split())
    assert result.exit_code == 2
    assert "No such option" in said
    assert f'-- "{text}"' in said


@pytest.mark.parametrize("command", [(), ("scopes",), ("steer",), *COMMANDS], ids=" ".join)
def test_help_shows_no_type_beside_a_flag(invoke, command):
    assert "bool" not in invoke(*command, "--help").stdout.lower()


def test_a_misspelt_option_gets_the_right_one_and_no_hint_at_texts(invoke):
    result = invoke("classify", "--jsn", "a cat")
    assert "--json" in result.stderr
    assert "is a text" not in result.stderr


def test_after_two_dashes_a_text_may_begin_with_one(invoke, options):
    result = invoke("classify", "--json", *options, "--", "-1 degrees")
    assert '"text": "-1 degrees"' in result.stdout
    assert "-1 degrees" in invoke("explain", *options, "--", "-1 degrees").stdout


@pytest.mark.parametrize("stdin", ["you idiot\n", "you idiot", '{"text": "you idiot"}\n'])
def test_explain_reads_one_text_from_stdin_as_classify_reads_many(invoke, options, stdin):
    assert (
        invoke("explain", "-", *options, stdin=stdin).stdout
        == invoke("explain", "you idiot", *options).stdout
    )


@pytest.mark.parametrize(
    ("stdin", "message"),
    [("", "holds nothing"), ("one\ntwo\n", "more than one"), ('{"txt": "one"}', "expected a column 'text'")],
)
def test_explain_refuses_stdin_that_does_not_hold_one_text(invoke, options, stdin, message):
    result = invoke("explain", "-", *options, stdin=stdin)
    assert message in str(result.exception)


@pytest.mark.parametrize("stdin", ['{"txt": "one"}', '{"text": 3}', '{"text": "a"}\n[1]', '{"text": "a"}\n{'])
def test_complaints_about_stdin_advise_no_option_that_classify_lacks(invoke, options, stdin):
    result = invoke("classify", "-", *options, stdin=stdin)
    known = {option for parameter in COMMANDS["classify",].params for option in parameter.opts}
    assert "stdin, line" in result.stderr
    assert set(re.findall(r"--[a-z-]+", result.stderr)) <= known


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_swallows_nothing_of_what_is_written_of_an_option(invoke, monkeypatch, command):
    """The help is read as Markdown, to which <lang> is a tag and *.jsonl may begin something slanted."""
    monkeypatch.setenv("TERMINAL_WIDTH", "4000")
    shown = " ".join(invoke(*command, "--help").stdout.replace("│", " ").split())
    for parameter in COMMANDS[command].params:
        written = getattr(parameter, "help", None) or ""
        assert " ".join(written.replace("`", "").split()) in shown
    assert "--help" in shown


def test_no_help_holds_what_markdown_takes_for_a_tag():
    for command in COMMANDS.values():
        for text in [
            command.help or "",
            *(getattr(parameter, "help", None) or "" for parameter in command.params),
        ]:
            assert not re.search(r"<\w", re.sub(r"`[^`]*`", "", text))


def test_one_of_something_is_singular(artifact, tiny_scope_folder, invoke, tmp_path, options):
    said = invoke("explain", "a cat", *options).stdout
    assert not re.search(r"\b1 features\b", said)
    rows = tmp_path / "one.jsonl"
    rows.write_text('{"text": "you idiot"}\n')
    result = invoke("evaluate", artifact, rows, "--scope", tiny_scope_folder)
    assert "1 text without labels" in result.stderr
    assert "1 texts" not in result.stdout + result.stderr
    rows.write_text('{"text": "you idiot", "label": "toxic"}\n')
    result = invoke("evaluate", artifact, rows, "--scope", tiny_scope_folder)
    assert "1 row to measure on" in result.stderr


def test_explain_lists_what_speaks_for_the_label_before_what_speaks_against_it(invoke, options):
    record = json.loads(invoke("explain", "you idiot", "--json", *options).stdout)
    evidence = record["toxicity"]["evidence"]
    given = [item["contribution"] for item in evidence]
    assert given == sorted(given, reverse=True)
    assert [item["says"] for item in evidence] == ["for" if value > 0 else "against" for value in given]
    classified = json.loads(invoke("classify", "you idiot", "--json", *options).stdout)
    assert {**record["toxicity"], "evidence": None} == {**classified["toxicity"], "evidence": None}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_list_of_commands_says_what_each_says_of_itself(entry):
    command = entry.load()
    assert command.name == entry.name
    assert " ".join(command.help.partition("\n\n")[0].split()) == entry.summary
