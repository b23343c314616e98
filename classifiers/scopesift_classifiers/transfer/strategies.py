"""Strategies of transfer to a new language with a few labelled examples, the simplest first.

None uses gradient descent. They differ in what they keep of the classifier: everything, its features, the candidates of
its fit, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import MARGIN_LIMIT
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import LINEAR, LOG_ODDS, Rule, firing
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.stored_cut import above_nothing
from scopesift_classifiers.rule_search.cofiring import count_cofiring
from scopesift_classifiers.rule_search.found_rules import FoundRules
from scopesift_classifiers.rule_search.greedy import GreedySettings, search_greedy
from scopesift_classifiers.rule_search.log_odds import LEVELS, rules_of_counts
from scopesift_classifiers.rule_search.ranking import WHOLE, rank
from scopesift_classifiers.transfer.linear_strategies import adapted, recut, refitted
from scopesift_classifiers.transfer.strategy import Fit, Fits, Strategy

PREFERRED = "adapted_linear"
"""The best strategy on dev rows of eight languages, with 36 examples and with 350."""
RULE_SIZES = (1, 3, 8)
PER_CLASS = (16, 64, 256)
SHRINKAGE = (16.0, 4.0)


def strategies(classifier: Classifier, table: FeatureTable, greedy: GreedySettings) -> list[Strategy]:
    """The strategies for a classifier and a table, the simplest first.

    Args:
        classifier: Binary; its default decision and its fit's candidates are used.
        table: Any rows of the document features to fit on; only its columns matter.
        greedy: Limits of the greedy searches.
    """
    own = known_columns(table, classifier.default.feature_ids)
    looked_at = candidate_columns(classifier, table)
    as_it_is = rule_over(table, classifier.default)
    kept, moved = [], []
    if as_it_is is not None:
        kept = [
            Strategy("zero_shot", "the rule as it is", _unchanged(as_it_is)),
            Strategy("recut", "the rule, a new cut", recut(as_it_is)),
        ]
        if as_it_is.rule.combine == LINEAR:
            moved = [Strategy(PREFERRED, "its weights, moved in closed form", adapted(as_it_is))]
    every = None
    return [
        *kept,
        Strategy("thresholds", "its features, new thresholds", _greedy_over(own, greedy)),
        Strategy("reranked", "its candidates, a new short rule", _greedy_over(looked_at, greedy)),
        Strategy("reranked_log_odds", "its candidates, counted log-odds", _log_odds_over(looked_at)),
        Strategy("refitted", "all features, a new short rule", _greedy_over(every, greedy)),
        Strategy("refitted_log_odds", "all features, counted log-odds", _log_odds_over(every)),
        *moved,
        Strategy("refitted_linear", "all features, weights in closed form", refitted()),
    ]


def candidate_columns(classifier: Classifier, table: FeatureTable) -> list[int]:
    """Columns of the candidates of the classifier's fit, or of its features if the artifact has no candidates."""
    listed = classifier.fit.get("candidates") or classifier.default.feature_ids
    return known_columns(table, [(int(layer), int(index)) for layer, index in listed])


def known_columns(table: FeatureTable, features: Sequence[tuple[int, int]]) -> list[int]:
    """Distinct columns of (layer, index) pairs, without layers that the table lacks."""
    places = {layer: place for place, layer in enumerate(table.layers)}
    columns = [
        places[layer] * table.d_sae + index
        for layer, index in features
        if layer in places and index < table.d_sae
    ]
    return list(dict.fromkeys(columns))


def rule_over(table: FeatureTable, decision: Decision) -> FoundRules | None:
    """A binary decision over a table's columns; None if the table lacks one of its layers."""
    if any(item.layer not in table.layers for item in decision.features):
        return None
    thresholds = tuple(item.threshold for item in decision.features)
    columns = tuple(columns_of(table, decision.feature_ids))
    return FoundRules(columns, thresholds, tuple(decision.rules.values()), margin_at_cut(decision))


def margin_at_cut(decision: Decision) -> float:
    """The lowest margin whose score reaches the decision's cut, by bisection: scores increase strictly."""
    if decision.calibration.apply(np.array(1.0)) == decision.cut:
        return 1.0
    below, above = -MARGIN_LIMIT, MARGIN_LIMIT
    for _ in range(100):
        middle = (below + above) / 2
        if float(decision.calibration.apply(np.array(middle))) >= decision.cut:
            above = middle
        else:
            below = middle
    return above


def _unchanged(rule: FoundRules) -> Fit:
    return lambda table, positive_N, fold_N: {fold: [rule] for fold in (WHOLE, *np.unique(fold_N).tolist())}


def _greedy_over(columns: Sequence[int] | None, settings: GreedySettings) -> Fit:
    """A greedy search for (feature, threshold) pairs; variants differ in how many pairs they may take.

    There are too few examples for dev rows inside the search: the path is evaluated on the same rows, and its length is
    chosen by the outer cross-validation.
    """
    limits = tuple(limit for limit in RULE_SIZES if limit <= settings.max_features)

    def fit(table: FeatureTable, positive_N: NDArray[np.bool_], fold_N: NDArray[np.int64]) -> Fits:
        rankings = _rank(table, columns, positive_N, fold_N, settings.candidates)
        found: Fits = {}
        for fold in (WHOLE, *np.unique(fold_N).tolist()):
            rows = np.flatnonzero(fold_N != fold)
            own = [column for column, _ in rankings[fold][1][: settings.candidates]]
            part = _only(table.rows(rows), own)
            found[fold] = []
            for limit in limits:
                if not own:
                    found[fold].append(FoundRules((), (), (Rule(),), bar=1.0))
                    continue
                at_least = tuple(m for m in settings.at_least if m <= limit)
                extent = replace(settings, max_features=limit, at_least=at_least)
                rule = search_greedy(part, positive_N[rows], part, positive_N[rows], extent).whole
                found[fold].append(replace(rule, columns=tuple(own[place] for place in rule.columns)))
        return found

    return fit


def _log_odds_over(columns: Sequence[int] | None) -> Fit:
    """Fisher's discriminant from co-firing counts, equal priors; variants differ in features and shrinkage."""

    def fit(table: FeatureTable, positive_N: NDArray[np.bool_], fold_N: NDArray[np.int64]) -> Fits:
        rankings = _rank(table, columns, positive_N, fold_N, max(PER_CLASS))
        found: Fits = {}
        for fold in (WHOLE, *np.unique(fold_N).tolist()):
            rows = np.flatnonzero(fold_N != fold)
            found[fold] = []
            for per_class in PER_CLASS:
                cuts = {column: cut for order in rankings[fold] for column, cut in order[:per_class]}
                own = tuple(sorted(cuts))
                cuts_S = np.array([cuts[column] for column in own], dtype=np.float32)
                fires_NS = firing(table.dense(own)[rows], cuts_S)
                thresholds = tuple(float(cut) for cut in cuts_S)
                for rule in _odds(fires_NS, positive_N[rows]):
                    bar = 0.0 if own else above_nothing(0.0, rule)
                    found[fold].append(FoundRules(own, thresholds, (rule,), bar))
        return found

    return fit


def _rank(
    table: FeatureTable,
    columns: Sequence[int] | None,
    positive_N: NDArray[np.bool_],
    fold_N: NDArray[np.int64],
    limit: int,
) -> dict[int, tuple[list[tuple[int, float]], list[tuple[int, float]]]]:
    """By omitted fold: (column, threshold) of features for each label, largest difference first."""
    part = table if columns is None else _only(table, columns)
    found = rank(part, positive_N.astype(np.int64), 2, LEVELS, limit=limit, fold_N=fold_N)

    def pairs(fold: int, side: int) -> list[tuple[int, float]]:
        ranking = found[fold, side].first(limit)
        own = ranking.columns_R if columns is None else np.asarray(columns)[ranking.columns_R]
        return list(zip(own.tolist(), ranking.best_thresholds().tolist(), strict=True))

    return {fold: (pairs(fold, 0), pairs(fold, 1)) for fold in (WHOLE, *np.unique(fold_N).tolist())}


def _odds(fires_NS: NDArray[np.bool_], positive_N: NDArray[np.bool_]) -> list[Rule]:
    """Log-odds with equal priors (shares in few examples are unreliable), strongest shrinkage first."""
    if not fires_NS.shape[1]:
        return [Rule(LOG_ODDS) for _ in SHRINKAGE]
    counts = count_cofiring(fires_NS, positive_N.astype(np.int64), 2)
    prior = float(np.log(counts.sizes_C[1] / counts.sizes_C[0]))
    rules = []
    for shrinkage in SHRINKAGE:
        no, yes = rules_of_counts(counts, shrinkage)
        weights = tuple(round(own - other, 3) for own, other in zip(yes.weights, no.weights, strict=True))
        rules.append(Rule(LOG_ODDS, weights=weights, bias=round(yes.bias - no.bias - prior, 3)))
    return rules


def _only(table: FeatureTable, columns: Sequence[int]) -> FeatureTable:
    """Some columns as a table of one layer; its columns are indices in `columns`."""
    return FeatureTable(table.acts_NF[:, list(columns)].tocsr(), (0,), len(columns))
