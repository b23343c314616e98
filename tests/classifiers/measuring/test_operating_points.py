"""Cuts give what is required, or say that nothing does."""

import numpy as np
import pytest
from scopesift_classifiers.measuring.operating_points import (
    REQUIRED,
    average_precision,
    operating_points,
    precision_recall,
    thinned,
)
from sklearn import metrics as sk

RNG = np.random.default_rng(2)
POSITIVE = RNG.random(400) < 0.3
SCORES = np.round(np.clip(0.35 * POSITIVE + RNG.normal(0.4, 0.2, 400), 0, 1), 2)


def test_average_precision_equals_scikit_learn_with_ties():
    expected = sk.average_precision_score(POSITIVE, SCORES)
    assert average_precision(SCORES, POSITIVE) == pytest.approx(expected, abs=1e-6)


def test_every_cut_gives_the_precision_and_recall_it_promises():
    points = operating_points(SCORES, POSITIVE)
    given = [
        (kind, point) for kind, own in points.items() if kind in REQUIRED for point in own if point["cut"]
    ]
    assert {kind for kind, _ in given} == set(REQUIRED)
    for kind, point in given:
        flagged = point["cut"] <= SCORES
        assert sk.precision_score(POSITIVE, flagged) == pytest.approx(point["precision"], abs=1e-6)
        assert sk.recall_score(POSITIVE, flagged) == pytest.approx(point["recall"], abs=1e-6)
        assert flagged[~POSITIVE].mean() == pytest.approx(point["false_positive_rate"], abs=1e-6)
        if kind == "false_positive_rate":
            assert point[kind] <= point["required"]
        else:
            assert point[kind] >= point["required"]


def test_a_precision_that_no_cut_has_is_null_with_the_reason():
    points = operating_points(np.full(200, 0.5), np.arange(200) < 100)
    assert points["precision"][-1]["cut"] is None
    assert "no cut has precision 0.95; the best is 0.500" in points["precision"][-1]["reason"]


def test_a_value_that_so_few_documents_cannot_show_is_null_with_the_number_it_takes():
    points = operating_points(np.linspace(0, 1, 200), np.arange(200) >= 100)
    assert points["false_positive_rate"][1]["cut"] is not None
    assert points["false_positive_rate"][-1]["cut"] is None
    assert "100 negative documents: it takes at least 299" in points["false_positive_rate"][-1]["reason"]


def test_the_curve_has_one_point_a_score_and_ends_at_full_recall():
    curve = precision_recall(SCORES, POSITIVE)
    assert [cut for cut, _, _ in curve] == sorted(set(SCORES.tolist()), reverse=True)
    assert curve[-1][2] == 1
    assert curve[-1][1] == pytest.approx(POSITIVE.mean())


def test_a_thinned_curve_keeps_its_ends():
    curve = [(float(at), 0.0, 0.0) for at in range(1000)]
    short = thinned(curve, 50)
    assert len(short) <= 50
    assert (short[0], short[-1]) == (curve[0], curve[-1])
