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


@pytest.fixture
def numbered(insults):
    """`numbered(n)` gives rows that say 1 and 0 for toxic and clean."""

    def make(n, column="label"):
        rows = insults(n)
        return [
            {"text": text, column: int(label == "toxic")}
            for text, label in zip(rows.texts, rows.labels, strict=True)
        ]

    return make


def test_rows_without_the_expected_label_are_refused_and_theirs_are_listed(evaluate, numbered):
    result = evaluate(numbered(20))
    assert isinstance(result.exception, InputError)
    said = str(result.exception)
    assert (
        "expected rows with the label 'toxic' that 'toxicity' finds, got '0' in 10 rows, '1' in 10 rows"
        in said
    )
    assert "--positive" in said


@pytest.mark.parametrize("positive", ["1", "1.0"])
def test_another_word_for_the_label_gives_the_same_numbers(
    evaluate, numbered, insults, tmp_path, write_rows, positive
):
    options = ("--json", "--fit-data")
    expected = evaluate(insults(40), *options, write_rows(tmp_path / "fit.jsonl", insults(60)))
    fit_rows = write_rows(tmp_path / "numbered.jsonl", numbered(60))
    found = evaluate(numbered(40), "--positive", positive, *options, fit_rows)
    assert found.exit_code == 0, found.exception
    assert json.loads(found.stdout) == json.loads(expected.stdout)


def test_baselines_that_never_saw_the_label_are_refused(evaluate, numbered, insults, tmp_path, write_rows):
    fit_rows = write_rows(tmp_path / "numbered.jsonl", numbered(60))
    result = evaluate(insults(40), "--fit-data", fit_rows)
    assert isinstance(result.exception, InputError)
    assert "numbered.jsonl: expected rows with the label 'toxic'" in str(result.exception)


def test_a_label_that_no_row_has_lists_those_that_there_are(evaluate, insults):
    result = evaluate(insults(20), "--positive", "rude")
    assert isinstance(result.exception, InputError)
    assert "'rude' (--positive), got 'clean' in 10 rows, 'toxic' in 10 rows" in str(result.exception)


@pytest.mark.parametrize("column", ["Label", "labels"])
def test_a_near_miss_of_the_label_column_is_pointed_out_instead_of_measuring_drift(
    evaluate, numbered, column
):
    result = evaluate(numbered(20, column))
    assert isinstance(result.exception, UsageError)
    assert f"there is no column 'label', but '{column}'" in str(result.exception)
    assert f"--label-column '{column}'" in str(result.exception)
    assert evaluate(numbered(20, column), "--label-column", column, "--positive", "1").exit_code == 0


@pytest.mark.parametrize("options", [("--positive", "1"), ("--balance", "5")])
def test_options_for_labels_are_refused_without_labels(evaluate, bare, options):
    result = evaluate(bare(10), *options)
    assert isinstance(result.exception, UsageError)
    assert f"no label column, so {options[0]} has no effect" in str(result.exception)


def test_a_language_classifier_for_a_classifier_without_rules_of_languages_is_refused(evaluate, insults):
    result = evaluate(insults(20), "--language", "language")
    assert isinstance(result.exception, UsageError)
    assert "'toxicity' has none; leave it out" in str(result.exception)


def test_baselines_that_are_measured_on_their_own_rows_are_told_of(evaluate, insults, tmp_path, write_rows):
    result = evaluate(insults(40), "--fit-data", write_rows(tmp_path / "fit.jsonl", insults(60)))
    assert "40 of the rows to measure on are also used to fit the baselines" in " ".join(
        result.stderr.split()
    )
