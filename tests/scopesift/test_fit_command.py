import json

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.rows.labelled import LabelledText
from scopesift_files.errors import UsageError
from typer.testing import CliRunner

from scopesift.cli import app

RUNNER = CliRunner()
SENTENCES = {"de": "Wir gehen heute spazieren", "ru": "Сегодня хорошая погода", "es": "La economía creció"}


def invoke(*arguments):
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    with path.open("w") as stream:
        for row in range(120):
            text = ("you idiot " if row % 2 else "a fine cat ") + str(row)
            label = "toxic" if row % 2 else "clean"
            split = "dev" if row % 4 > 1 else "train"
            stream.write(json.dumps({"text": text, "label": label, "split": split}) + "\n")
    return path


@pytest.fixture
def fit(rows, tiny_scope_folder, tmp_path):
    def run(*options):
        out = tmp_path / "fitted.json"
        result = invoke(
            "fit", "toxicity", "--train", rows, "--scope", tiny_scope_folder, "--out", out, *options
        )
        if result.exception:
            raise result.exception
        return Classifier.load(out), result.stderr

    return run


def test_a_fit_says_how_deep_it_reads_and_where_it_cuts(fit):
    fitted, said = fit()
    assert f"runs {fitted.deepest_layer + 1} of 4 blocks" in said
    assert "where the objective is highest on dev" in said
    _, said = fit("--preset", "greedy")
    assert "where the rule fires" in said


def test_the_cache_is_filled_and_no_cache_leaves_none(fit, tmp_path, monkeypatch):
    monkeypatch.setenv("SCOPESIFT_CACHE", str(tmp_path / "cache"))
    without, _ = fit("--no-cache")
    assert not (tmp_path / "cache").exists()
    first, _ = fit()
    assert list((tmp_path / "cache").glob("*/*/*.npz"))
    second, _ = fit()
    assert without.version == first.version == second.version


def test_options_reach_the_fit(fit):
    greedy = ("--preset", "greedy", "--at-least", "1")
    fitted, _ = fit("--objective", "f_beta", "--beta", "0.5", "--recall", "0.9", *greedy)
    assert fitted.fit["objective"] == {"name": "f_beta", "beta": 0.5}
    assert fitted.fit["cut"]["asked"] == {"recall": 0.9}
    assert fitted.fit["greedy"]["at_least"] == [1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--objective", "f_beta"), "--beta"),
        (("--objective", "recall_at_precision"), "needs a precision"),
        (("--precision", "0.9", "--recall", "0.9"), "not by both"),
        (("--preset", "greedy", "--at-least", "none"), "whole numbers"),
        (("--at-least", "2"), "is for --preset greedy, auto has no such number"),
        (("--preset", "paper", "--max-features", "3"), "presets linear and greedy, not for paper"),
        (("--preset", "log-odds"), "log-odds is not for 2 labels, one of them 'toxic'"),
        (("--preset", "magic"), "paper-multilayer"),
    ],
)
def test_options_that_make_no_sense_are_bad_usage(fit, options, message):
    with pytest.raises(UsageError, match=message):
        fit(*options)


def test_spans_are_part_of_the_language_answer(tiny_scope, tiny_scope_folder, tmp_path):
    labels = list(SENTENCES) * 20
    texts = [f"{SENTENCES[label]} {row}" for row, label in enumerate(labels)]
    learned = LabelledText(texts, labels, [None] * 60, [None] * 60)
    fitted = fit_classifier("language", tiny_scope, learned, learned, FitSettings(unknown="und"))
    fitted.save(tmp_path / "language.json")
    text = ". ".join(SENTENCES.values())
    options = ("--scope", tiny_scope_folder, "--classifier", tmp_path / "language.json", "--spans")
    record = json.loads(invoke("classify", text, "--json", *options).stdout)
    spans = record["language"]["spans"]
    assert spans[0]["start"] == 0
    assert spans[-1]["end"] == len(text)
    assert set(spans[0]) == {"start", "end", "label", "score"}
    assert f"[0:{spans[0]['end']}]" in invoke("classify", text, *options).stdout.replace("\n", "")


def test_spans_without_a_language_classifier_are_bad_usage(fit, tiny_scope_folder, tmp_path):
    fit()
    options = ("--scope", tiny_scope_folder, "--classifier", tmp_path / "fitted.json", "--spans")
    with pytest.raises(UsageError, match="called 'language'"):
        raise invoke("classify", "x", *options).exception
