"""The evaluation report has its promised keys, honest gaps, and the baselines beside it."""

import json

import numpy as np
import pytest
from scopesift_classifiers.measuring.evaluation import evaluate_binary, evaluate_many_class, runners_up
from sklearn import metrics as sk

RNG = np.random.default_rng(3)
N = 1200
TRUTH = RNG.choice(["toxic", "clean"], N)
PREDICTED = np.where(RNG.random(N) < 0.2, RNG.choice(["toxic", "clean"], N), TRUTH)
SCORES = np.where(PREDICTED == "toxic", 0.9, 0.1)
LANGS = RNG.choice(["en", "de"], N).tolist()
SOURCES = RNG.choice(["a", "b"], N).tolist()
PLACES = {"langs": LANGS, "sources": SOURCES}
BASELINE_NAMES = {"mean_difference", "linear_probe", "tfidf"}


def test_the_binary_report_equals_scikit_learn_in_all_and_in_groups():
    report = evaluate_binary(TRUTH, PREDICTED, scores_N=SCORES, **PLACES)
    groups = {(): report, **{("by_lang", g): report["by_lang"][g] for g in ("en", "de")}}
    groups |= {("by_source", g): report["by_source"][g] for g in ("a", "b")}
    for key, measured in groups.items():
        rows = (
            np.ones(N, bool)
            if not key
            else np.array(PLACES[{"by_lang": "langs"}.get(key[0], "sources")]) == key[1]
        )
        truth, predicted = TRUTH[rows], PREDICTED[rows]
        assert (measured["n"], measured["n_positive"]) == (rows.sum(), (truth == "toxic").sum())
        assert measured["f1"] == pytest.approx(sk.f1_score(truth, predicted, pos_label="toxic"), abs=1e-6)
        assert measured["macro_f1"] == pytest.approx(sk.f1_score(truth, predicted, average="macro"), abs=1e-6)
        assert measured["balanced_accuracy"] == pytest.approx(
            sk.balanced_accuracy_score(truth, predicted), abs=1e-6
        )
        assert measured["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted), abs=1e-6)


def test_the_report_has_the_keys_that_the_command_promises_and_is_json():
    report = evaluate_binary(TRUTH, PREDICTED, **PLACES)
    promised = {"n", "f1", "precision", "recall", "accuracy", "balanced_accuracy", "macro_f1", "intervals"}
    assert promised | {"by_lang", "by_source", "baselines", "ece", "natural"} <= set(report)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_natural_precision_is_lower_than_on_balanced_data_and_recall_the_same():
    report = evaluate_binary(TRUTH, PREDICTED, prevalence=0.02, **PLACES)
    assert report["natural"]["prevalence"] == 0.02
    assert report["natural"]["precision"] < report["precision"] / 2
    assert report["natural"]["recall"] == report["recall"]


def test_without_fit_data_the_baselines_are_null_with_the_reason():
    beside = evaluate_binary(TRUTH, PREDICTED, **PLACES)["baselines"]
    assert beside == dict.fromkeys(BASELINE_NAMES) | {"reason": "no fit data was given (--fit-data)"}


def test_baselines_are_measured_like_the_classifier():
    given = {"mean_difference": PREDICTED, "linear_probe": TRUTH, "tfidf": np.full(N, "toxic")}
    report = evaluate_binary(TRUTH, PREDICTED, baselines=given, **PLACES)
    beside = report["baselines"]
    assert beside["reason"] is None
    own = {key: value for key, value in beside["mean_difference"].items() if key != "difference"}
    assert own == {key: report[key] for key in own}
    difference = beside["mean_difference"]["difference"]
    assert difference["macro_f1"] == 0
    assert difference["interval"] == pytest.approx([0, 0], abs=0.005)
    low, high = beside["linear_probe"]["difference"]["interval"]
    found = beside["linear_probe"]["difference"]["macro_f1"]
    assert found == pytest.approx(report["macro_f1"] - 1, abs=1e-6)
    assert low < found < high < 0
    assert beside["linear_probe"]["macro_f1"] == 1
    assert beside["tfidf"]["by_source"]["a"]["balanced_accuracy"] == 0.5


def test_a_baseline_that_could_not_be_fitted_is_null_beside_the_others():
    beside = evaluate_binary(
        TRUTH, PREDICTED, baselines={"tfidf": TRUTH}, no_baselines="no residuals", **PLACES
    )
    assert beside["baselines"]["linear_probe"] is None
    assert beside["baselines"]["tfidf"]["f1"] == 1
    assert beside["baselines"]["reason"] == "no residuals"


def test_a_group_of_one_class_shows_only_what_it_can():
    truth = ["toxic", "clean", "clean", "clean"]
    langs = ["en", "en", "de", "de"]
    report = evaluate_binary(truth, ["toxic", "toxic", "clean", "toxic"], langs=langs, sources=[None] * 4)
    assert report["by_lang"]["de"] == {
        "n": 2,
        "n_positive": 0,
        "n_flagged": 1,
        "f1": None,
        "precision": None,
        "recall": None,
        "false_positive_rate": 0.5,
        "accuracy": 0.5,
        "balanced_accuracy": None,
        "macro_f1": None,
        "intervals": {"accuracy": [0.0945, 0.9055], "false_positive_rate": [0.0945, 0.9055]},
    }
    assert report["by_source"] == {}


def test_rows_of_unknown_language_are_a_group_of_their_own():
    report = evaluate_binary(["toxic", "clean"], ["toxic", "clean"], langs=["en", None], sources=[None, None])
    assert set(report["by_lang"]) == {"en", "unknown"}


def test_calibration_error_needs_scores_and_documents():
    assert evaluate_binary(TRUTH, PREDICTED, **PLACES)["ece_reason"] == "the predictions have no scores"
    few = evaluate_binary(TRUTH[:9], PREDICTED[:9], scores_N=SCORES[:9], langs=LANGS[:9], sources=SOURCES[:9])
    assert few["ece"] is None
    assert "got 9" in few["ece_reason"]
    assert 0 <= evaluate_binary(TRUTH, PREDICTED, scores_N=SCORES, **PLACES)["ece"] < 0.1


def test_the_many_class_report_equals_scikit_learn():
    truth = RNG.choice(["law", "health", "travel"], N)
    predicted = np.where(RNG.random(N) < 0.3, RNG.choice(["law", "health", "other"], N), truth)
    report = evaluate_many_class(
        truth, predicted, scores_N=np.full(N, 0.7), baselines={"tfidf": truth}, **PLACES
    )
    labels = ["health", "law", "travel"]
    assert list(report["per_class"]) == labels
    expected = sk.f1_score(truth, predicted, labels=labels, average="macro")
    assert report["macro_f1"] == pytest.approx(expected, abs=1e-6)
    rows = np.array(SOURCES) == "b"
    expected = sk.f1_score(truth[rows], predicted[rows], labels=labels, average="macro")
    assert report["by_source"]["b"]["macro_f1"] == pytest.approx(expected, abs=1e-6)
    assert report["ece"] == pytest.approx(abs(0.7 - (truth == predicted).mean()), abs=1e-6)
    assert report["baselines"]["tfidf"]["accuracy"] == 1
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_in_a_language_classifier_a_language_has_only_an_accuracy():
    truth = ["en", "en", "de", "de"]
    report = evaluate_many_class(truth, ["en", "und", "de", "de"], langs=truth, sources=[None] * 4)
    assert report["by_lang"]["en"] == {
        "n": 2,
        "accuracy": 0.5,
        "balanced_accuracy": None,
        "macro_f1": None,
        "intervals": {"accuracy": [0.0945, 0.9055]},
    }


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="length"):
        evaluate_binary(TRUTH, PREDICTED[:-1], **PLACES)
    with pytest.raises(ValueError, match="as many"):
        evaluate_many_class(TRUTH, PREDICTED[:-1], **PLACES)


def test_every_metric_lies_in_its_interval_in_all_and_in_groups():
    report = evaluate_binary(TRUTH, PREDICTED, **PLACES)
    for part in (report, *report["by_lang"].values(), *report["by_source"].values()):
        for name, (low, high) in part["intervals"].items():
            assert low < part[name] < high


def test_thresholds_are_given_where_there_are_scores():
    assert evaluate_binary(TRUTH, PREDICTED, **PLACES)["thresholds"] is None
    points = evaluate_binary(TRUTH, PREDICTED, scores_N=SCORES, **PLACES)["thresholds"]
    assert points["precision"][0]["cut"] in (0.5, pytest.approx(0.1, abs=1e-5))


def test_every_language_has_its_own_operating_points_and_calibration_error():
    """German scores are half of what the English ones are, so the same rate takes half the cut."""
    score = np.where(np.array(LANGS) == "de", 0.5, 1.0) * np.clip(
        0.3 + 0.3 * (TRUTH == "toxic") + RNG.normal(0, 0.1, N), 0, 1
    )
    several = [*LANGS[:-5], *(["fr"] * 5)]
    report = evaluate_binary(TRUTH, PREDICTED, scores_N=score, langs=several, sources=SOURCES)
    english, german, french = (report["by_lang"][lang] for lang in ("en", "de", "fr"))
    cuts = [part["thresholds"]["false_positive_rate"][1] for part in (english, german)]
    assert cuts[0]["required"] == 0.05
    assert cuts[1]["cut"] == pytest.approx(cuts[0]["cut"] / 2, rel=0.1)
    for point in cuts:
        assert point["cut_interval"][0] <= point["cut"] <= point["cut_interval"][1]
        assert 0.03 < point["false_positive_rate"] <= 0.05
    assert french["thresholds"]["false_positive_rate"][1]["cut"] is None
    assert "at least 59" in french["thresholds"]["false_positive_rate"][1]["reason"]
    assert "got 5" in french["ece_reason"]
    assert report["ece"] is not None
    alone = evaluate_binary(TRUTH, PREDICTED, scores_N=score, langs=["en"] * N, sources=SOURCES)
    assert alone["by_lang"]["en"]["ece"] == alone["ece"]
    assert "thresholds" not in alone["by_lang"]["en"], "the same as of all rows"


def test_each_class_has_the_labels_that_it_is_most_often_taken_for():
    truth = ["a"] * 1000 + ["b"] * 10
    predicted = ["a"] * 600 + ["b"] * 200 + ["und"] * 100 + ["c"] * 96 + ["d"] * 4 + ["b"] * 10
    report = evaluate_many_class(truth, predicted, langs=[None] * 1010, sources=[None] * 1010)
    assert list(report["per_class"]["a"]["taken_for"].items()) == [("b", 0.2), ("und", 0.1), ("c", 0.096)]
    assert report["per_class"]["b"]["taken_for"] == {}
    rare = runners_up(truth, ["a"] * 996 + ["b"] * 4 + ["b"] * 10, ["a"])
    assert rare == {"a": {}}
