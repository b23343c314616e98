"""`scopesift trace` on the bundled scopes."""

import json

import pytest
from scopesift_files.errors import UsageError
from typer.testing import CliRunner

from scopesift.cli import app


@pytest.fixture
def run():
    def run(*arguments):
        return CliRunner().invoke(app, ["trace", *arguments])

    return run


def test_a_prompt_and_its_continuation_are_traced(run, tmp_path):
    page = tmp_path / "trace.html"
    done = run(
        "The train", "--scope", "nano", "--max-new-tokens", "4", "--classifier", "language", "--label", "en", "--json",
        "--html", str(page),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["text"].startswith("The train")
    assert {token["generated"] for token in found["tokens"]} == {False, True}
    assert all(len(feature["lens"]) == 4 for token in found["tokens"] for feature in token["features"])
    assert page.is_file()


def test_a_text_is_traced_on_an_encoder_and_its_change_of_language_found(run):
    done = run(
        "Der Zug kommt um acht Uhr aus der Stadt. The train to the city was late again and nobody told us why.",
        "--scope", "e5", "--max-new-tokens", "0", "--first", "language-switch",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "leaves de for en" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "en"], "--label needs --classifier"),
        (["--first", "error"], "--first takes language-switch"),
        (["--seed", "3"], "--seed needs --temperature"),
    ],
)
def test_an_option_without_effect_is_refused(run, arguments, message):
    done = run("The train", "--scope", "nano", *arguments)
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
