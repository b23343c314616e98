import json

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_files.errors import InputError, UsageError
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


def write_labels(path, labels, count=120):
    with path.open("w") as stream:
        for row in range(count):
            text = ("you idiot " if row % 2 else "a fine cat ") + str(row)
            stream.write(json.dumps({"text": text, "label": labels[row % len(labels)]}) + "\n")


@pytest.mark.parametrize(
    ("labels", "shown"),
    [([0, 1], "'0' and '1'"), ([False, True], "'false' and 'true'"), ([0.0, 1.0], "'0' and '1'")],
)
def test_two_labels_without_the_positive_one_are_named(fit, rows, labels, shown):
    write_labels(rows, labels)
    with pytest.raises(UsageError, match=rf"expected 'toxic'.*got the labels {shown}; .*--positive"):
        fit()
    fitted, _ = fit("--positive", labels[1])
    assert (fitted.kind, fitted.labels, fitted.unknown) == (
        "binary",
        [shown[7:-1].split("'")[1]],
        shown[1:].split("'")[0],
    )


def test_a_misspelt_positive_label_is_bad_usage(fit):
    with pytest.raises(UsageError, match=r"expected 'toxik'.*'clean' and 'toxic'"):
        fit("--positive", "toxik", "--preset", "paper")


@pytest.mark.parametrize(
    "options", [("--positive", "a"), ("--positive", "toxic"), ("--objective", "macro_f1"), ("--beta", "1")]
)
def test_an_option_for_two_labels_is_refused_for_three(fit, rows, options):
    write_labels(rows, "abc")
    with pytest.raises(UsageError, match=r"two labels|belongs to"):
        fit(*options)


def test_rows_without_a_split_are_told_of_and_none_decides_what_it_was_fitted_on(fit, rows):
    marked = [json.loads(line) for line in rows.read_text().splitlines()]
    for at, row in enumerate(marked):
        row["split"] = "train" if at < 60 else ""
    rows.write_text("".join(json.dumps(row) + "\n" for row in marked))
    _, said = fit()
    assert "60 rows of rows.jsonl without a split: used as train rows" in said
    assert "96 rows to fit on, 24 dev rows" in said
    assert "warning" not in said


def test_rows_that_decide_what_they_were_fitted_on_are_told_of(fit, rows, tmp_path):
    write_labels(rows, ["clean", "toxic"])
    _, said = fit("--dev", rows)
    assert "warning: 120 of 120 dev rows are also rows to fit on" in " ".join(said.split())


def test_a_reserved_name_is_bad_usage(rows, tmp_path):
    for name in ("text", "scope"):
        result = invoke("fit", name, "--train", rows, "--out", tmp_path / "x.json")
        assert isinstance(result.exception, UsageError)
        assert f"cannot be called '{name}'" in str(result.exception)


def test_options_reach_the_fit(fit):
    greedy = ("--preset", "greedy", "--at-least", "1")
    fitted, _ = fit("--objective", "f_beta", "--beta", "0.5", "--recall", "0.9", *greedy)
    assert fitted.fit["objective"] == {"name": "f_beta", "beta": 0.5}
    assert fitted.fit["cut"]["asked"] == {"recall": 0.9}
    assert fitted.fit["greedy"]["at_least"] == [1]


def test_a_false_positive_rate_is_kept_on_the_negative_dev_rows(fit):
    fitted, said = fit("--false-positive-rate", "0.1")
    assert fitted.fit["cut"]["asked"] == {"false_positive_rate": 0.1}
    assert fitted.fit["cut"]["dev_false_positive_rate"] <= 0.1
    assert "for false-positive rate 0.1" in " ".join(said.split())


def test_a_false_positive_rate_that_the_rows_cannot_show_is_refused(fit):
    with pytest.raises(
        InputError, match=r"false-positive rate 0.001 cannot be shown on \d+ negative documents"
    ):
        fit("--false-positive-rate", "0.001")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--objective", "f_beta"), "--beta"),
        (("--objective", "recall_at_precision"), "needs a precision"),
        (("--precision", "0.9", "--recall", "0.9"), "got 2; give one"),
        (("--preset", "greedy", "--at-least", "none"), "whole numbers"),
        (("--at-least", "2"), "is for --preset greedy, not for auto"),
        (("--preset", "paper", "--max-features", "3"), "presets linear and greedy, not for paper"),
        (("--preset", "log-odds"), "log-odds is not for 2 labels, one of them 'toxic'"),
        (("--preset", "magic"), "paper-multilayer"),
        (("--unknown", "other"), "--unknown is for more than two labels, rows.jsonl has 2: clean, toxic"),
        (("--beta", "1"), "--beta belongs to the objective f_beta"),
        (("--objective", "recall_at_precision", "--precision", "0.9", "--beta", "2"), "--beta belongs to"),
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
