"""The baselines are what they are called, and choose their settings on dev only."""

import subprocess
import sys

import numpy as np
import pytest
from scopesift_classifiers.measuring import baselines
from scopesift_classifiers.measuring.baselines import linear_probe, mean_difference, tfidf
from scopesift_files.errors import InputError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler


def clouds(n, centres, seed, spread=1.0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, len(centres), n)
    return (np.array(centres)[label] + rng.normal(0, spread, (n, len(centres[0])))).astype(np.float32), label


TWO = [[0, 0, 5], [2, 1, 5]]
FOUR = [[0, 0, 0], [3, 0, 0], [0, 3, 0], [0, 0, 3]]


def test_mean_difference_cuts_the_projection_where_dev_macro_f1_is_highest():
    (X, y), (X_dev, y_dev) = clouds(400, TWO, 0), clouds(101, TWO, 1)
    fitted = mean_difference(X, y, X_dev, y_dev)
    projection = X_dev @ (X[y == 1].mean(0) - X[y == 0].mean(0))
    every_cut = [f1_score(y_dev, projection > cut, average="macro") for cut in [-np.inf, *projection]]
    assert fitted.chosen["dev_macro_f1"] == pytest.approx(max(every_cut))
    assert f1_score(y_dev, fitted.predict(X_dev), average="macro") == pytest.approx(max(every_cut))


def test_mean_difference_may_call_everything_one_class():
    X = np.zeros((4, 2))
    fitted = mean_difference(X, [0, 0, 1, 1], X[:3], [1, 1, 0])
    assert fitted.predict(X).tolist() == [1] * 4


def test_mean_difference_of_many_classes_is_the_nearest_mean():
    (X, y), (X_dev, y_dev) = clouds(400, FOUR, 0), clouds(100, FOUR, 1)
    theirs = NearestCentroid().fit(X, y).predict(X_dev)
    np.testing.assert_array_equal(mean_difference(X, y, X_dev, y_dev).predict(X_dev), theirs)


@pytest.mark.parametrize("centres", [TWO, FOUR])
def test_the_probe_is_logistic_regression_on_standardised_residuals_with_the_c_of_dev(centres):
    (X, y), (X_dev, y_dev) = clouds(300, centres, 0), clouds(100, centres, 1)
    fitted = linear_probe(X * [1, 100, 0], y, X_dev * [1, 100, 0], y_dev)
    scaler = StandardScaler().fit(X * [1, 100, 0])
    macro_f1 = {}
    for C in baselines.PROBE_CS:
        model = LogisticRegression(C=C, max_iter=500).fit(scaler.transform(X * [1, 100, 0]), y)
        macro_f1[C] = f1_score(y_dev, model.predict(scaler.transform(X_dev * [1, 100, 0])), average="macro")
    assert fitted.chosen["dev_macro_f1"] == pytest.approx(max(macro_f1.values()))
    assert macro_f1[fitted.chosen["C"]] == pytest.approx(max(macro_f1.values()))


@pytest.mark.parametrize("fit_baseline", [mean_difference, linear_probe])
def test_scores_say_what_is_predicted(fit_baseline):
    names = np.array(["a", "b", "c", "d"])
    for centres in (TWO, FOUR):
        (X, y), (X_dev, y_dev) = clouds(300, centres, 0), clouds(100, centres, 1)
        fitted = fit_baseline(X, names[y], X_dev, names[y_dev])
        scores, predicted = fitted.scores(X_dev), fitted.predict(X_dev).tolist()
        best = (scores > 0).astype(int) if centres is TWO else scores.argmax(axis=1)
        assert names[best].tolist() == predicted


TEXTS = ["you utter fool", "what a fool", "foolish man", "lovely day", "a lovely walk", "loveliest of trees"]
LABELS = ["toxic"] * 3 + ["clean"] * 3


def test_tfidf_learns_from_parts_of_words_and_keeps_string_labels():
    fitted = tfidf(TEXTS, LABELS, ["fools", "lovelier"], ["toxic", "clean"])
    assert fitted.predict(["foolishness", "so lovely", ""]).tolist()[:2] == ["toxic", "clean"]
    assert (fitted.scores(["foolishness", "so lovely"]) > 0).tolist() == [True, False]
    assert fitted.chosen["dev_macro_f1"] == 1


def test_tfidf_reads_single_letters_scripts_without_spaces_and_lone_surrogates():
    fitted = tfidf(["你好吗", "你很笨", "\ud800 好", "笨 a"], [0, 1, 0, 1], ["好", "笨"], [0, 1])
    assert fitted.predict(["好 你好", "笨 很笨"]).tolist() == [0, 1]


def test_tfidf_of_texts_without_words_is_refused():
    with pytest.raises(InputError, match="texts with words"):
        tfidf(["", "!"], [0, 1], ["a"], [0])


def test_ties_go_to_the_strongest_regularisation():
    X, y = np.array([[-1.0], [1.0]] * 10), np.array([0, 1] * 10)
    assert linear_probe(X, y, X, y).chosen == {"C": min(baselines.PROBE_CS), "dev_macro_f1": 1.0}


@pytest.mark.parametrize("fit", [mean_difference, linear_probe])
def test_labels_come_back_as_they_were_given_and_twice_the_same(fit):
    (X, y), (X_dev, y_dev) = clouds(100, TWO, 0), clouds(50, TWO, 1)
    names = np.array(["clean", "toxic"])
    fitted = fit(X, names[y], X_dev, names[y_dev])
    assert set(fitted.predict(X_dev)) <= {"clean", "toxic"}
    again = fit(X, names[y], X_dev, names[y_dev])
    assert again.chosen == fitted.chosen
    np.testing.assert_array_equal(again.predict(X_dev), fitted.predict(X_dev))


@pytest.mark.parametrize("fit", [mean_difference, linear_probe])
def test_one_class_or_no_dev_is_refused(fit):
    X = np.zeros((3, 2))
    with pytest.raises(InputError, match="got 1 classes and 1 dev"):
        fit(X, ["a"] * 3, X[:1], ["a"])
    with pytest.raises(InputError, match="got 2 classes and 0 dev"):
        fit(X, ["a", "a", "b"], X[:0], [])


def test_importing_the_baselines_does_not_import_scikit_learn():
    code = "import sys, scopesift_classifiers.measuring.baselines; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
