"""The fits of the study: rules with a limited number of features, and systems on a single layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.feature_tables.counting import FeatureTable, column_range
from scopesift_classifiers.fitting.settings import FOLDS, GREEDY, FitSettings
from scopesift_classifiers.fitting.stored_cut import above_nothing, best_cut, between_margins
from scopesift_classifiers.labelled_rows.sampling import deal_folds
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.found_rules import FoundRules
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.rule_search.linear import LinearSettings, rules_by_size
from scopesift_classifiers.rule_search.moments import Targets

from bench.trials.answers import Fitted, SystemAnswers
from bench.trials.parts import Part
from bench.trials.systems import NEGATIVE, POSITIVE, fit_with, of_decision

LINEAR_SIZES = (8, 16, 32, 64, 128, 256, 512, 1024)
GREEDY_SIZES = (1, 2, 4, 8)
"""Sixteen, the preset's own limit, is in the result of `bench textdetox`."""


def linear_by_size(train: Part, dev: Part) -> Iterator[tuple[int, Fitted]]:
    """The linear fit with each number of features, from one elimination; the cut of each is chosen on dev rows.

    Yields:
        Number of features, and the fit.
    """
    targets = Targets.of_two(_positives(train))
    settings = LinearSettings(max_features=max(LINEAR_SIZES), sizes=LINEAR_SIZES)
    for size, rule in rules_by_size(train.table, targets, settings, deal_folds(train.rows, FOLDS)).items():
        margins_N = rule.margins(dev.table)[:, 0]
        best, objective = best_cut(margins_N, _positives(dev), Objective())
        bar = above_nothing(between_margins(margins_N, best), rule.rule)
        yield size, _of_rule(replace(rule, bar=bar, dev_objective=objective))


def greedy_of_size(train: Part, dev: Part, size: int) -> Fitted:
    """The greedy fit with at most `size` features."""
    settings = FitSettings(preset=GREEDY, positive=POSITIVE, greedy=GreedySettings(max_features=size))
    return of_decision(*fit_with(settings, train, dev))


def on_layer(part: Part, layer: int) -> Part:
    """A part with the features and the mean residual of one layer only."""
    table = part.table
    first = table.layers.index(layer) * table.d_sae
    own = column_range(table.by_column, first, first + table.d_sae).tocsr()
    return Part(part.rows, FeatureTable(own, (layer,), table.d_sae), {layer: part.mean_ND[layer]})


def _of_rule(rule: FoundRules) -> Fitted:
    def answer(part: Part) -> SystemAnswers:
        margins_N = rule.margins(part.table)[:, 0]
        return SystemAnswers(np.where(margins_N >= rule.bar, POSITIVE, NEGATIVE), margins_N)

    about = {"features": len(rule.columns), "dev_objective": round(rule.dev_objective, 4)}
    return Fitted(answer, about)


def _positives(part: Part) -> NDArray[np.bool_]:
    return np.array(part.rows.labels, dtype=str) == POSITIVE
