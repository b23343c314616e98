"""`scopesift card`: the model card on stdout or in a file."""

import json

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_files.errors import UsageError


@pytest.fixture(autouse=True)
def no_scope(monkeypatch, request):
    """No scope may be loaded; the artifact that one test fits is there before."""
    if "artifact" in request.fixturenames:
        request.getfixturevalue("artifact")

    def refuse(*_, **__):
        raise AssertionError("a card needs no scope")

    monkeypatch.setattr("scopesift_features.scope.Scope.load", refuse)


@pytest.mark.parametrize("name", ["toxicity", "language"])
def test_the_card_of_a_bundled_name_is_markdown_on_stdout(name, invoke):
    result = invoke("card", name)
    assert result.exit_code == 0, result.exception
    assert result.stdout.startswith(f"# {name}\n\nVersion {Classifier.load(name).version}.")
    assert "## Performance and benchmarks" in result.stdout


def test_a_fitted_file_has_a_card_too_which_calls_its_quality_unknown(artifact, invoke):
    result = invoke("card", artifact)
    assert result.exit_code == 0, result.exception
    assert "- **Measured on**: none" in result.stdout
    assert "- **Train texts**: 80 texts" in result.stdout


def test_the_bundled_classifier_of_another_scope_is_named_with_it(invoke):
    content = json.loads(invoke("card", "toxicity", "--scope", "nano", "--format", "coop").stdout)
    assert content["version"] == Classifier.load("toxicity", "nano").version


def test_out_gets_what_stdout_would_and_nothing_beside_it(tmp_path, invoke):
    out = tmp_path / "made" / "card.json"
    result = invoke("card", "domain", "--format", "coop", "--out", out)
    assert result.exit_code == 0, result.exception
    assert result.stdout == ""
    assert out.read_text() == invoke("card", "domain", "--format", "coop").stdout
    assert [path.name for path in out.parent.iterdir()] == ["card.json"]


def test_a_write_that_fails_leaves_the_old_card(tmp_path, invoke, monkeypatch):
    out = tmp_path / "card.md"
    out.write_text("old")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    result = invoke("card", "domain", "--out", out)
    assert "No space left on device" in str(result.exception)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["card.md"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("toxicity", "--format", "html"), "--format is one of markdown, coop, got 'html'"),
        (("toxxicity",), "no classifier 'toxxicity'"),
        (("toxicity", "--out", "."), "is a folder"),
    ],
)
def test_wrong_options_are_refused_in_one_line(options, says, invoke):
    error = invoke("card", *options).exception
    assert isinstance(error, UsageError)
    assert says in str(error)
    assert "\n" not in str(error)


def test_a_file_of_another_scope_than_the_named_one_is_refused(artifact, invoke):
    error = invoke("card", artifact, "--scope", "nano").exception
    assert isinstance(error, UsageError)
    assert "was fitted on scope 'tiny', not 'nano'" in str(error)
