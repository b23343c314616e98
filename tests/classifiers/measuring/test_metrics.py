"""Metrics agree with scikit-learn and with counting by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scopesift_classifiers.measuring.metrics import (
    BinaryMetrics,
    ManyClassMetrics,
    macro_f1_of_counts,
    ratio,
)
from sklearn import metrics as sk

RNG = np.random.default_rng(7)


@pytest.mark.parametrize(("share", "noise"), [(0.5, 0.2), (0.1, 0.4), (0.9, 0.1), (0.5, 0.0), (0.5, 1.0)])
def test_binary_metrics_equal_scikit_learn(share, noise):
    truth = RNG.random(400) < share
    flagged = truth ^ (RNG.random(400) < noise)
    ours = BinaryMetrics.of(truth, flagged)
    assert (ours.n, ours.n_positive) == (400, truth.sum())
    assert ours.precision == pytest.approx(sk.precision_score(truth, flagged, zero_division=0))
    assert ours.recall == pytest.approx(sk.recall_score(truth, flagged))
    assert ours.f1 == pytest.approx(sk.f1_score(truth, flagged))
    assert ours.accuracy == pytest.approx(sk.accuracy_score(truth, flagged))
    assert ours.balanced_accuracy == pytest.approx(sk.balanced_accuracy_score(truth, flagged))
    assert ours.macro_f1 == pytest.approx(sk.f1_score(truth, flagged, average="macro"))


def test_flagging_everything_has_the_f1_floor_but_not_the_macro_f1():
    truth = np.arange(100) < 50
    everything = BinaryMetrics.of(truth, np.ones(100, bool))
    assert everything.f1 == pytest.approx(2 / 3)
    assert everything.macro_f1 == pytest.approx(1 / 3)
    assert everything.balanced_accuracy == 0.5


def test_nothing_to_divide_by_gives_zero_without_a_warning():
    nothing = BinaryMetrics.of(np.zeros(0, bool), np.zeros(0, bool))
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.macro_f1, nothing.accuracy) == (0,) * 5
    assert ratio([1, 2], [0, 4]).tolist() == [0, 0.5]


def test_labels_that_are_not_booleans_are_refused():
    with pytest.raises(ValueError, match="boolean"):
        BinaryMetrics.of(np.array([0, 1]), np.array([True, False]))
    with pytest.raises(ValueError, match="one length"):
        BinaryMetrics.of(np.array([True]), np.array([True, False]))


def test_macro_f1_of_many_cuts_equals_one_cut_at_a_time():
    tp, fp, fn, tn = RNG.integers(0, 5, (4, 3, 50))
    many = macro_f1_of_counts(tp, fp, fn, tn)
    assert many.shape == (3, 50)
    one_by_one = [
        BinaryMetrics(*map(int, c)).macro_f1 for c in zip(*map(np.ravel, (tp, fp, fn, tn)), strict=True)
    ]
    np.testing.assert_allclose(many.ravel(), one_by_one)


def test_precision_at_a_prevalence_equals_counting_in_such_data():
    balanced = BinaryMetrics(tp=80, fp=10, fn=20, tn=90)
    natural = balanced.at_prevalence(0.05)
    crowd = BinaryMetrics(tp=80 * 1, fp=10 * 19, fn=20 * 1, tn=90 * 19)  # 100 positives to 1,900 negatives
    assert natural["precision"] == pytest.approx(crowd.precision)
    assert natural["recall"] == pytest.approx(crowd.recall)
    assert natural["f1"] == pytest.approx(crowd.f1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        balanced.at_prevalence(5)


def test_the_prevalence_of_the_data_changes_nothing():
    own = BinaryMetrics(tp=8, fp=5, fn=2, tn=25)
    assert own.at_prevalence(10 / 40)["precision"] == pytest.approx(own.precision)


def test_many_class_metrics_equal_scikit_learn_over_the_true_classes():
    truth = RNG.choice(["de", "en", "zh", "th"], 300)
    predicted = np.where(RNG.random(300) < 0.3, RNG.choice(["de", "en", "und"], 300), truth)
    ours = ManyClassMetrics.of(truth, predicted)
    labels = ["de", "en", "th", "zh"]
    assert list(ours.per_class) == labels
    precision, recall, f1, n = sk.precision_recall_fscore_support(truth, predicted, labels=labels)
    for i, label in enumerate(labels):
        expected = {"n": n[i], "precision": precision[i], "recall": recall[i], "f1": f1[i]}
        assert ours.per_class[label] == pytest.approx(expected)
    assert ours.macro_f1 == pytest.approx(f1.mean())
    assert ours.balanced_accuracy == pytest.approx(recall.mean())
    assert ours.accuracy == pytest.approx(sk.accuracy_score(truth, predicted))


def test_long_predictions_are_not_cut_to_the_width_of_the_truth():
    assert ManyClassMetrics.of(["de", "en"], ["de", "english"]).accuracy == 0.5
    assert ManyClassMetrics.of(["de"], ["de-at"]).accuracy == 0


def test_classes_can_be_named_so_that_an_absent_one_counts():
    ours = ManyClassMetrics.of(["a", "b"], ["a", "b"], classes=["a", "b", "c"])
    assert ours.macro_f1 == pytest.approx(2 / 3)
    assert ours.per_class["c"]["n"] == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_two_class_many_class_metrics_equal_the_binary_ones(pairs):
    truth, flagged = np.array(pairs).T
    binary = BinaryMetrics.of(truth, flagged)
    many = ManyClassMetrics.of(truth.astype(str), flagged.astype(str), classes=["False", "True"])
    assert many.macro_f1 == pytest.approx(binary.macro_f1)
    assert many.balanced_accuracy == pytest.approx(binary.balanced_accuracy)
    assert many.per_class["True"]["f1"] == pytest.approx(binary.f1)
