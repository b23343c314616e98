"""Texts of unknown labels: one cut for all labels, or one for each."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.artifact.classifier import MANY
from scopesift_classifiers.artifact.rule import LINEAR, SQRT, Rule
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.fitting.label_cuts import LabelledTable, choose_cuts
from scopesift_classifiers.fitting.left_out_labels import unknown_shares
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.fitting.stored_cut import answer_cut
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.rule_search.found_rules import FoundRules, Search
from scopesift_files.errors import InputError

STEADY, VARIED = "ace", "bdf"
LABELS = "abcdef"
LOOKS_LIKE = {"a": "c", "b": "a", "c": "e", "d": "c", "e": "a", "f": "e"}
"""The steady label for which a text is taken if its own is unknown."""


def rows_of(n, seed):
    """A feature per label. Texts of steady labels have margins about 4, of varied ones .5 to 4, of unknown ones 2."""
    rng = np.random.default_rng(seed)
    roots_NF = np.zeros((n, len(LABELS)))
    class_N = np.arange(n) % len(LABELS)
    for row, label in enumerate(np.array(list(LABELS))[class_N]):
        lead = rng.normal(4, 0.05) if label in STEADY else rng.uniform(0.5, 4)
        roots_NF[row, LABELS.index(LOOKS_LIKE[label])] = 2
        roots_NF[row, LABELS.index(label)] = 2 + lead
    return LabelledTable(FeatureTable(csr_matrix(np.float32(roots_NF**2)), (0,), len(LABELS)), class_N)


def search(fit, dev, labels, fold_N):
    """Each label's margin is its own feature's."""
    columns = tuple(LABELS.index(label) for label in labels)
    rules = tuple(
        Rule(LINEAR, weights=tuple(map(float, row)), transform=SQRT) for row in np.eye(len(columns))
    )
    found = FoundRules(columns, (0.0,) * len(columns), rules)
    return Search(found, (found,) * (int(fold_N.max()) + 1))


FIT, DEV, FOLDS = rows_of(600, 1), rows_of(600, 2), np.arange(600) // 6 % 3


def choose(settings=FitSettings()):  # noqa: B008
    return choose_cuts(search(FIT, DEV, LABELS, FOLDS), FIT, FOLDS, DEV, list(LABELS), settings)


def test_a_label_whose_own_texts_have_steady_margins_gets_a_higher_cut():
    by_label = choose().by_label
    assert set(by_label.label_cuts) == set(LABELS)
    assert by_label.cut == min(by_label.label_cuts.values())
    cut_of = by_label.label_cuts.get
    assert min(map(cut_of, STEADY)) > max(map(cut_of, VARIED))


@pytest.mark.parametrize("keep_right", [0.99, 0.9])
def test_both_kinds_of_cuts_keep_the_wanted_share_of_right_answers_and_no_more(keep_right):
    settings = FitSettings(keep_right=keep_right)
    choice = choose(settings)
    for decision in (choice.one, choice.by_label):
        given = decide(MANY, decision, DEV.table.pick(range(len(LABELS))).toarray()).given_N
        assert keep_right <= given.mean() <= keep_right + 1 / 600
        described = choice.describe(decision, settings)
        assert described["asked"] == {"recall": keep_right}
        assert described["dev_answered"] == pytest.approx(given.mean(), abs=1e-4)


def test_texts_of_labels_that_are_left_out_are_unknown_by_cuts_per_label_only():
    one, by_label = unknown_shares(search, FIT, FOLDS, DEV, list(LABELS), FitSettings())
    assert one == 0
    assert by_label == 1


def test_a_label_that_is_never_given_rightly_has_no_cut_of_its_own():
    wrong = LabelledTable(FIT.table, np.where(FIT.class_N == 1, 2, FIT.class_N))
    choice = choose_cuts(search(wrong, DEV, LABELS, FOLDS), wrong, FOLDS, DEV, list(LABELS), FitSettings())
    assert choice.by_label is None
    assert choice.one.label_cuts == {}


def test_by_default_the_cut_is_the_highest_that_keeps_the_right_answers():
    values_N = np.arange(100.0)
    right_N = values_N != 50
    assert 0 < answer_cut(values_N, right_N, FitSettings(keep_right=0.98)) < 1 + 1e-9
    assert 48 < answer_cut(values_N, right_N, FitSettings(keep_right=0.5)) < 49


def test_without_any_right_answer_there_is_no_cut():
    with pytest.raises(InputError, match="positive"):
        answer_cut(np.arange(9.0), np.zeros(9, dtype=bool), FitSettings())
