import numpy as np
import pytest
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.measuring.objective import Objective
from scopesift_files.errors import UsageError
from sklearn.metrics import fbeta_score

TRUTH = np.array([1, 1, 1, 0, 0, 0, 0, 1], dtype=bool)
FLAGGED = np.array([1, 1, 0, 1, 0, 0, 1, 0], dtype=bool)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_f_beta_is_scikit_learns(beta):
    expected = fbeta_score(TRUTH, FLAGGED, beta=beta)
    assert Objective("f_beta", beta=beta).of_answers(TRUTH, FLAGGED) == pytest.approx(expected)


def test_f1_and_macro_f1_are_the_metrics():
    metrics = BinaryMetrics.of(TRUTH, FLAGGED)
    assert Objective("f1").of_answers(TRUTH, FLAGGED) == pytest.approx(metrics.f1)
    assert Objective().of_answers(TRUTH, FLAGGED) == pytest.approx(metrics.macro_f1)


def test_recall_counts_only_from_the_required_precision_on():
    at = Objective("recall_at_precision", precision=0.75)
    tp, fp, fn, tn = (
        np.array([3, 3, 0, 1]),
        np.array([1, 3, 0, 9]),
        np.array([1, 1, 4, 3]),
        np.array([9, 7, 10, 1]),
    )
    values = at.of_counts(tp, fp, fn, tn)
    assert values[0] == pytest.approx(0.75)
    assert values[2] == 0.0  # flags nothing
    assert values[3] < values[1] < 0  # a miss is below flagging nothing, and the nearer miss is better


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "accuracy"}, "one of"),
        ({"name": "f_beta", "beta": 0.0}, "above 0"),
        ({"name": "f1", "beta": 2.0}, "beta belongs"),
        ({"name": "recall_at_precision"}, "needs a precision"),
        ({"name": "recall_at_precision", "precision": 1.5}, "needs a precision"),
        ({"name": "f1", "precision": 0.9}, "belongs to the objective"),
    ],
)
def test_numbers_that_an_objective_cannot_use_are_bad_usage(settings, message):
    with pytest.raises(UsageError, match=message):
        Objective(**settings)


def test_only_what_is_used_is_stored():
    assert Objective("f_beta", beta=0.5).to_dict() == {"name": "f_beta", "beta": 0.5}
    assert Objective("recall_at_precision", precision=0.9).to_dict() == {
        "name": "recall_at_precision",
        "precision": 0.9,
    }
    assert Objective().to_dict() == {"name": "macro_f1"}
