"""What every search hands back: rules that give a table's documents the margins that their decision gives."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.rule import LINEAR, LOG_ODDS, Rule
from scopesift_classifiers.feature_tables import pieces
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.rule_search.found_rules import FoundRules, Search
from scopesift_classifiers.rule_search.log_odds import LogOddsSettings, search_log_odds
from scopesift_files.errors import InputError

RNG = np.random.default_rng(0)
TABLE = FeatureTable(
    csr_matrix(RNG.exponential(1.0, (50, 12)).astype(np.float32) * (RNG.random((50, 12)) < 0.5)), (1, 4), 6
)
CALIBRATION = Calibration((0.0, 1.0), (0.1, 0.9), 0.5, 0.5)
COLUMNS, THRESHOLDS = (8, 0, 5), (0.5, 0.0, 1.25)


def weighted(combine):
    return tuple(
        Rule(combine, weights=tuple(RNG.normal(size=3).round(3).tolist()), bias=0.1, transform="sqrt")
        for _ in range(3)
    )


@pytest.mark.parametrize(
    "rules", [(Rule(m=2),), weighted(LOG_ODDS), weighted(LOG_ODDS)[:1], weighted(LINEAR)]
)
def test_margins_over_a_table_are_those_of_the_decision_in_pieces_of_any_size(rules, monkeypatch):
    found = FoundRules(COLUMNS, THRESHOLDS, rules)
    decision = found.decision(TABLE, ["a", "b", "c"][: len(rules)], CALIBRATION, cut=0.5)
    assert decision.feature_ids == [(4, 2), (1, 0), (1, 5)]
    assert pieces.columns_of(TABLE, decision.feature_ids) == list(COLUMNS)
    expected = decision.margins(TABLE.dense(COLUMNS))
    np.testing.assert_array_equal(found.margins(TABLE), expected)
    monkeypatch.setattr(pieces, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(pieces, "DOCUMENTS_AT_ONCE", 7)
    np.testing.assert_array_equal(found.margins(TABLE), expected)


def test_without_a_cut_of_its_own_a_decision_is_cut_where_the_rule_fires():
    found = FoundRules(COLUMNS, THRESHOLDS, (Rule(m=1),), bar=1.0)
    decision = found.decision(TABLE, ["a"], CALIBRATION)
    scores = decision.scores(found.margins(TABLE))[:, 0]
    fires = found.fires(TABLE)
    np.testing.assert_array_equal(scores >= decision.cut, fires)
    np.testing.assert_array_equal(fires, decision.fires(TABLE.dense(COLUMNS)).any(axis=1))


def test_a_rule_without_features_never_fires():
    assert not FoundRules((), (), (Rule(),), bar=1.0).fires(TABLE).any()


def test_held_out_margins_are_those_of_the_rules_that_did_not_see_the_row():
    one, other = (FoundRules((column,), (0.0,), (Rule(),), bar=1.0) for column in (0, 1))
    fold_N = np.arange(50) % 2
    held_out = Search(one, (one, other)).held_out(TABLE, fold_N)
    np.testing.assert_array_equal(
        held_out, np.where(fold_N[:, None] == 0, one.margins(TABLE), other.margins(TABLE))
    )


def test_rows_in_which_nothing_fires_give_no_log_odds():
    empty = FeatureTable(csr_matrix((12, 4), dtype=np.float32), (0,), 4)
    labels = ["a", "b", "c"] * 4
    with pytest.raises(InputError, match="no feature tells any label from the rest"):
        search_log_odds(empty, labels, empty, labels, LogOddsSettings())
