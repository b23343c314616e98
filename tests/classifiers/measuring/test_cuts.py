"""A chosen cut has what was required, or is refused; its intervals hold on other documents."""

import numpy as np
import pytest
from scopesift_classifiers.measuring.cuts import (
    FALSE_POSITIVE_RATE,
    PRECISION,
    RECALL,
    Cuts,
    Requirement,
    one_requirement,
)
from scopesift_classifiers.measuring.intervals import LEVEL
from scopesift_files.errors import InputError, UsageError

SCORES = np.array([0.9, 0.8, 0.8, 0.6, 0.4, 0.4, 0.1])
POSITIVE = np.array([True, True, False, True, False, True, False])
CUTS = Cuts.of(SCORES, POSITIVE)


def chosen(rate, value, cuts=CUTS):
    return float(cuts.scores_C[cuts.meeting(Requirement(rate, value))])


def drawn(rng, n):
    positive = rng.random(n) < 0.4
    return rng.normal(positive * 1.2, 1.0), positive


def test_equal_scores_are_flagged_together():
    assert CUTS.scores_C.tolist() == [0.9, 0.8, 0.6, 0.4, 0.1]
    assert CUTS.tp_C.tolist() == [1, 2, 3, 4, 4]
    assert CUTS.fp_C.tolist() == [0, 1, 1, 2, 3]


def test_the_cut_for_a_precision_keeps_all_the_recall_it_can():
    # precision going down the scores: 1, 2/3, 3/4, 4/6, 4/7
    assert chosen(PRECISION, 0.75) == 0.6
    assert chosen(PRECISION, 0.9) == 0.9
    assert chosen(PRECISION, 0.1) == 0.4, "0.1 would only add a false alarm"


def test_the_cut_for_a_recall_keeps_all_the_precision_it_can():
    assert chosen(RECALL, 0.5) == 0.6
    assert chosen(RECALL, 1.0) == 0.4
    assert chosen(RECALL, 0.2) == 0.9


def test_the_cut_for_a_false_positive_rate_is_the_lowest_that_keeps_it():
    assert chosen(FALSE_POSITIVE_RATE, 0.34) == 0.6
    assert chosen(FALSE_POSITIVE_RATE, 0.3) == 0.9
    assert chosen(FALSE_POSITIVE_RATE, 0.7) == 0.4


def test_negatives_alone_give_a_cut_for_a_false_positive_rate():
    clean = Cuts.of(np.arange(100.0), np.zeros(100, dtype=bool))
    at = clean.meeting(Requirement(FALSE_POSITIVE_RATE, 0.05), documents=59)
    assert clean.between(at) == 94.5
    assert clean.measured(at)["false_positive_rate"] == 0.05
    assert clean.measured(at)["recall"] is None


def test_a_value_that_no_cut_has_is_refused_with_the_best_one():
    with pytest.raises(InputError, match=r"precision 0.9; the best is 0.500"):
        Cuts.of([0.5, 0.5], [True, False]).meeting(Requirement(PRECISION, 0.9))
    with pytest.raises(InputError, match=r"false-positive rate 0.1; the best is 1.000"):
        Cuts.of([0.5, 0.5], [True, False]).meeting(Requirement(FALSE_POSITIVE_RATE, 0.1))
    for rate in (PRECISION, RECALL):
        with pytest.raises(InputError, match="got none"):
            Cuts.of([0.5], [False]).meeting(Requirement(rate, 0.5))


def test_so_many_documents_are_asked_for_that_one_error_too_many_would_show():
    for rate, value, documents in (
        (FALSE_POSITIVE_RATE, 0.05, 59),
        (FALSE_POSITIVE_RATE, 0.001, 2995),
        (RECALL, 0.95, 59),
        (PRECISION, 0.5, 5),
    ):
        required = Requirement(rate, value)
        errors = value if required.is_limit else 1 - value
        assert required.documents == documents
        assert (1 - errors) ** documents <= 1 - LEVEL < (1 - errors) ** (documents - 1)
    assert Requirement(RECALL, 1.0).documents == float("inf")


def test_too_few_documents_for_the_promise_are_refused_with_the_number_it_takes():
    clean = Cuts.of(np.arange(100.0), np.zeros(100, dtype=bool))
    required = Requirement(FALSE_POSITIVE_RATE, 0.001)
    with pytest.raises(InputError, match=r"0.001 cannot be shown on 100 negative documents.*at least 2,995"):
        clean.meeting(required, required.documents)
    few_flagged = Cuts.of(np.arange(400.0), np.arange(400) >= 398)
    required = Requirement(PRECISION, 0.95)
    with pytest.raises(InputError, match="on 2 flagged documents"):
        few_flagged.meeting(required, required.documents)


def test_between_flags_the_same_documents_without_being_any_ones_score():
    for at, score in enumerate(CUTS.scores_C):
        cut = CUTS.between(at)
        assert cut not in SCORES
        assert ((cut <= SCORES) == (score <= SCORES)).all()


@pytest.mark.parametrize(("rate", "value"), [(FALSE_POSITIVE_RATE, 0.05), (RECALL, 0.8), (PRECISION, 0.7)])
def test_the_intervals_hold_on_other_documents_of_the_kind(rate, value):
    """The true value of the chosen cut, and the cut with the required value, from a sample of 200,000."""
    rng = np.random.default_rng(5)
    population = Cuts.of(*drawn(rng, 200_000))
    required = Requirement(rate, value)
    right_cut = population.scores_C[population.meeting(required)]
    true, above = population.rates(rate), population.scores_C
    value_holds = cut_holds = 0
    for _ in range(200):
        cuts = Cuts.of(*drawn(rng, 600))
        at = cuts.meeting(required, required.documents)
        low, high = cuts.measured(at)["intervals"][rate]
        value_holds += low <= true[np.searchsorted(-above, -cuts.between(at), side="right") - 1] <= high
        low, high = cuts.interval(at, required)
        cut_holds += low <= right_cut <= high
    assert value_holds >= 0.92 * 200
    assert cut_holds >= 0.92 * 200


def test_a_cut_is_set_by_one_requirement_only_and_by_a_possible_one():
    assert one_requirement(None, None, None) is None
    assert one_requirement(None, None, 0.05) == Requirement(FALSE_POSITIVE_RATE, 0.05)
    with pytest.raises(UsageError, match="got 2; give one"):
        one_requirement(0.9, None, 0.05)
    for rate, value in (
        (PRECISION, 0.0),
        (RECALL, 1.1),
        (FALSE_POSITIVE_RATE, 1.0),
        (FALSE_POSITIVE_RATE, 0.0),
    ):
        with pytest.raises(UsageError, match="must be above 0"):
            Requirement(rate, value)
