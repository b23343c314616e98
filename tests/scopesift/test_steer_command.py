"""`scopesift steer` on the bundled toy."""

import json

import pytest
from scopesift_files.errors import UsageError
from typer.testing import CliRunner

from scopesift.cli import app

SHORT = ["--scope", "nano", "--max-new-tokens", "6"]


@pytest.fixture
def run():
    def run(*arguments, stdin=None):
        return CliRunner().invoke(app, ["steer", *arguments], input=stdin)

    return run


def test_a_prompt_is_continued_and_measured_beside_its_controls(run):
    done = run("The train to", *SHORT, "--feature", "2:17=+3")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("The train to")
    for way in ("no change", "steered", "sign flipped", "random"):
        assert way in done.stdout


def test_json_has_the_texts_of_all_ways_and_the_changes(run):
    done = run(
        "The train to",
        "I think",
        *SHORT,
        "--classifier",
        "language",
        "--label",
        "de",
        "--boost",
        "4",
        "--json",
    )
    found = json.loads(done.stdout)
    assert [result["way"] for result in found["results"]] == ["none", "steered", "flipped", "random"]
    assert all(len(result["texts"]) == 2 and 0 <= result["score"] <= 1 for result in found["results"])
    assert len(found["changes"]) == 4
    assert all(change.endswith("=+4") for change in found["changes"])


def test_a_cost_sets_the_amounts_and_the_perplexity_rises_by_no_more(run):
    german = ["--classifier", "language", "--label", "de", "--layers", "1", "--by-weight"]
    done = run("The train to", *SHORT, *german, "--cost", "30", "--json")
    found = json.loads(done.stdout)
    plain, steered, *_ = (result["perplexity"] for result in found["results"])
    assert 0.2 < steered / plain - 1 <= 0.3
    amounts = [float(change.partition("=+")[2]) for change in found["changes"]]
    assert all(change.startswith("1:") for change in found["changes"])
    assert amounts == sorted(amounts, reverse=True)
    assert amounts[0] > amounts[-1] > 0


def test_without_the_table_there_is_the_text_alone_one_prompt_a_line_of_stdin(run):
    done = run("-", *SHORT, "--feature", "2:17=-", "--no-table", stdin="The train\nI think\n")
    assert [line.split(" ")[0] for line in done.stdout.splitlines() if line][:1] == ["The"]
    assert "perplexity" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to change"),
        (["--feature", "2:17"], "LAYER:FEATURE=CHANGE"),
        (["--classifier", "language"], "needs --label"),
        (["--classifier", "language", "--label", "de"], "needs one of --boost"),
        (["--classifier", "language", "--label", "de", "--boost", "1", "--suppress"], "got 2"),
        (["--feature", "2:17=-", "--label", "de"], "belong to --classifier"),
        (["--classifier", "language", "--label", "de", "--boost", "1", "--cost", "20"], "got 2"),
        (["--classifier", "language", "--label", "de", "--cost", "0"], "a cost must be above 0"),
        (["--classifier", "language", "--label", "de", "--suppress", "--by-weight"], "leave it out"),
        (
            ["--classifier", "language", "--label", "de", "--boost", "1", "--top", "1", "--by-weight"],
            "leave it",
        ),
        (["--feature", "2:17=-", "--layers", "2"], "belong to --classifier"),
        (["--feature", "2:17=-", "--top-p", "0.9"], "needs --temperature"),
        (["--feature", "2:17=-", "--no-table", "--json"], "leave --no-table out"),
        (["--feature", "2:17=-", "--phase", "later"], "a phase must be one of"),
    ],
    ids=str,
)
def test_an_option_that_is_missing_doubled_or_without_effect_is_refused(run, arguments, message):
    done = run("The train", *SHORT, *arguments)
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)


def test_export_writes_a_control_vector_by_the_files_suffix(run, tmp_path):
    path = tmp_path / "german.safetensors"
    done = run(
        "export", str(path), "--scope", "nano", "--classifier", "language", "--label", "de", "--boost", "4"
    )
    assert done.exit_code == 0, done.output
    assert path.is_file()
