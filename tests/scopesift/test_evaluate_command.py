"""`evaluate` on files with and without labels, and `explain --html`, as their users call them."""

import json

import pytest
from scopesift_classifiers.fitting import FitSettings, fit_classifier
from scopesift_classifiers.labelled_text import LabelledText
from scopesift_features.errors import InputError, UsageError
from typer.testing import CliRunner

from scopesift.cli import app

RUNNER = CliRunner()


def insults(n):
    texts = [("you idiot number " if row % 2 else "a fine cat number ") + str(row) for row in range(n)]
    return LabelledText(texts, ["toxic" if row % 2 else "clean" for row in range(n)], [None] * n, [None] * n)


@pytest.fixture(scope="module")
def artifact(tiny_scope, tmp_path_factory):
    path = tmp_path_factory.mktemp("artifact") / "toxicity.json"
    fit_classifier("toxicity", tiny_scope, insults(80), insults(60), FitSettings()).save(path)
    return path


@pytest.fixture
def evaluate(artifact, tiny_scope_folder, tmp_path):
    """`evaluate(rows, *options)` writes rows as JSONL and runs the command on them."""

    def run(rows, *options):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        arguments = ["evaluate", artifact, path, "--scope", tiny_scope_folder, *options]
        return RUNNER.invoke(app, [str(argument) for argument in arguments])

    return run


def bare(n, step=1):
    return [{"text": text} for text in insults(n).texts[::step]]


def test_texts_without_labels_give_drift_and_exit_code_0(evaluate):
    result = evaluate(bare(40), "--json")
    assert result.exit_code == 0, result.exception
    measured = json.loads(result.stdout)
    assert measured["n"] == 40
    assert measured["macro_f1"] is None
    assert "no label column" in measured["reason"]
    assert measured["drift"]["level"] == "none"
    assert sum(measured["verdicts"].values()) == pytest.approx(1)


def test_only_insults_are_a_new_mix(evaluate):
    measured = json.loads(evaluate(bare(81, step=2)[:-1], "--json").stdout)
    assert measured["drift"]["divergence"] > measured["drift"]["chance"]
    assert measured["drift"]["mix_now"]["clean"] > 0.9


def test_drift_is_told_in_words_and_as_a_page(evaluate, tmp_path):
    result = evaluate(bare(81, step=2), "--report", tmp_path / "drift.html")
    assert "different mix of labels" in " ".join(result.stdout.split())
    page = (tmp_path / "drift.html").read_text()
    assert "Drift in rows.jsonl" in page
    assert "you idiot number" not in page


def test_a_named_label_column_that_is_missing_is_a_mistake(evaluate):
    result = evaluate(bare(4), "--label-column", "toxic")
    assert isinstance(result.exception, InputError)
    assert "'toxic'" in str(result.exception)


def test_an_unlabelled_row_without_text_is_named_by_its_line(evaluate):
    result = evaluate([{"text": "a"}, {"body": "b"}])
    assert isinstance(result.exception, InputError)
    assert "line 2" in str(result.exception)


def test_an_artifact_without_firing_counts_takes_them_from_the_fit_data(evaluate, artifact, tmp_path):
    from scopesift_classifiers.classifier import Classifier

    old = Classifier.load(artifact)
    firing = old.fit.pop("firing")
    old.save(artifact)
    try:
        result = evaluate(bare(10))
        assert isinstance(result.exception, UsageError)
        assert "--fit-data" in str(result.exception)
        rows = insults(80)
        fit_rows = tmp_path / "fit.jsonl"
        pairs = zip(rows.texts, rows.labels, strict=True)
        fit_rows.write_text("".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in pairs))
        measured = json.loads(evaluate(bare(40), "--fit-data", fit_rows, "--json").stdout)
        assert measured["drift"]["fit_n"] == 80
    finally:
        old.fit["firing"] = firing
        old.save(artifact)


def test_transfer_without_a_report_is_bad_usage(evaluate, tmp_path):
    result = evaluate(bare(4), "--transfer", tmp_path / "transfer.json")
    assert isinstance(result.exception, UsageError)
    assert "--report" in str(result.exception)


def test_the_table_of_labelled_rows_shows_the_interval(evaluate):
    rows = insults(20)
    labelled = [{"text": t, "label": label} for t, label in zip(rows.texts, rows.labels, strict=True)]
    result = evaluate(labelled)
    assert result.exit_code == 0, result.exception
    assert "95%" in result.stdout
