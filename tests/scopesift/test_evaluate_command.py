"""`evaluate` on files with and without labels, and `explain --html`, as their users call them."""

import json

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_files.errors import InputError, UsageError


@pytest.fixture
def evaluate(artifact, tiny_scope_folder, tmp_path, invoke, write_rows):
    """`evaluate(rows, *options)` writes rows as JSONL and runs the command on them."""

    def run(rows, *options, classifier=artifact):
        path = write_rows(tmp_path / "rows.jsonl", rows)
        return invoke("evaluate", classifier, path, "--scope", tiny_scope_folder, *options)

    return run


@pytest.fixture
def bare(insults):
    """`bare(n)` gives rows without labels."""

    def make(n, step=1):
        return [{"text": text} for text in insults(n).texts[::step]]

    return make


def test_texts_without_labels_give_drift_and_exit_code_0(evaluate, bare):
    result = evaluate(bare(40), "--json")
    assert result.exit_code == 0, result.exception
    measured = json.loads(result.stdout)
    assert measured["n"] == 40
    assert measured["macro_f1"] is None
    assert "no label column" in measured["reason"]
    assert measured["drift"]["level"] == "none"
    assert sum(measured["verdicts"].values()) == pytest.approx(1)


def test_only_insults_are_a_new_mix(evaluate, bare):
    measured = json.loads(evaluate(bare(81, step=2)[:-1], "--json").stdout)
    assert measured["drift"]["divergence"] > measured["drift"]["chance"]
    assert measured["drift"]["mix_now"]["clean"] > 0.9


def test_drift_is_told_in_words_and_as_a_page(evaluate, tmp_path, bare):
    result = evaluate(bare(81, step=2), "--report", tmp_path / "drift.html")
    assert "different mix of labels" in " ".join(result.stdout.split())
    page = (tmp_path / "drift.html").read_text()
    assert "Drift in rows.jsonl" in page
    assert "you idiot number" not in page


def test_a_named_label_column_that_is_missing_is_a_mistake(evaluate, bare):
    result = evaluate(bare(4), "--label-column", "toxic")
    assert isinstance(result.exception, InputError)
    assert "'toxic'" in str(result.exception)


def test_an_unlabelled_row_without_text_is_named_by_its_line(evaluate):
    result = evaluate([{"text": "a"}, {"body": "b"}])
    assert isinstance(result.exception, InputError)
    assert "line 2" in str(result.exception)


def test_an_artifact_without_firing_counts_takes_them_from_the_fit_data(
    evaluate, artifact, tmp_path, bare, insults, write_rows
):
    old = Classifier.load(artifact)
    del old.fit["firing"]
    old.save(tmp_path / "old.json")
    result = evaluate(bare(10), classifier=tmp_path / "old.json")
    assert isinstance(result.exception, UsageError)
    assert "--fit-data" in str(result.exception)
    fit_rows = write_rows(tmp_path / "fit.jsonl", insults(80))
    answer = evaluate(bare(40), "--fit-data", fit_rows, "--json", classifier=tmp_path / "old.json")
    assert json.loads(answer.stdout)["drift"]["fit_n"] == 80


def test_transfer_without_a_report_is_bad_usage(evaluate, tmp_path, bare):
    result = evaluate(bare(4), "--transfer", tmp_path / "transfer.json")
    assert isinstance(result.exception, UsageError)
    assert "--report" in str(result.exception)


def test_the_table_of_labelled_rows_shows_the_interval(evaluate, insults):
    result = evaluate(insults(20))
    assert result.exit_code == 0, result.exception
    assert "95%" in result.stdout


def test_no_figure_is_cut_off_in_80_columns(evaluate, insults, tmp_path, write_rows, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    fit_rows = write_rows(tmp_path / "fit.jsonl", insults(60))
    shown = evaluate(insults(40), "--fit-data", fit_rows).stdout
    assert "mean_difference" in shown
    assert "…" not in shown
