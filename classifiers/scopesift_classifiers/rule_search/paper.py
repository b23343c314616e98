"""The recipe of the Qwen-Scope report (section 5): the K largest firing-rate differences, OR, threshold 0.

One layer, or the report's multi-layer variant: the best feature of each of the K best layers. The report chooses K and
the layer on its test split; here the layer is chosen by top1-diff, the report's rule without evaluation, and K on dev.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.rule import Rule
from scopesift_classifiers.feature_tables.counting import FeatureTable, Table, firing_rates, rate_differences
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.found_rules import MOST_CANDIDATES, FoundRules, Search
from scopesift_classifiers.rule_search.ranking import WHOLE, Ranking, rank

K_CHOICES = (1, 2, 5, 10)


def firing_deltas(table: FeatureTable, positive_N: NDArray[np.bool_]) -> NDArray[np.float32]:
    """delta_f = P(fires | positive) - P(fires | negative) at threshold 0, for every column `[layers * d_sae]`."""
    members_NC = np.stack([positive_N, ~positive_N], axis=1).astype(np.float32)
    zero_QF = np.zeros((1, table.acts_NF.shape[1]), dtype=np.float32)
    return rate_differences(firing_rates(table.by_column, zero_QF, members_NC), members_NC)[0, 0]


@dataclass(frozen=True)
class PaperSettings:
    """The report's settings.

    Attributes:
        k: Numbers of features to choose from, on dev.
        multilayer: One feature from each of the k layers with the largest top1-diff, instead of k features of one
            layer.
        layer: The layer; None: the one with the largest top1-diff. Not for the multi-layer variant.
    """

    k: tuple[int, ...] = K_CHOICES
    multilayer: bool = False
    layer: int | None = None


def search_paper(
    fit: Table,
    positive_fit_N: NDArray[np.bool_],
    dev: Table,
    positive_dev_N: NDArray[np.bool_],
    settings: PaperSettings | None = None,
    *,
    objective: Objective | None = None,
    fold_N: NDArray[np.int64] | None = None,
) -> Search:
    """The report's classifier: a document is positive if any of the chosen features fires.

    Args:
        fit: Document features to count on.
        positive_fit_N: Which of them are positive.
        dev: Document features to choose K on.
        positive_dev_N: Which of them are positive.
        settings: K, layer, variant.
        objective: Objective for K; None: macro-F1. On ties fewer features.
        fold_N: Folds of the fit rows, for rules without each fold.
    """
    chosen, goal = settings or PaperSettings(), objective or Objective()
    rankings = {
        fold: ranking
        for (fold, _), ranking in rank(
            fit,
            np.where(positive_fit_N, 0, 1),
            2,
            (0.0,),
            limit=max(*chosen.k, MOST_CANDIDATES),
            classes=(0,),
            fold_N=fold_N,
        ).items()
    }

    def best(fold: int) -> FoundRules:
        order = ordered_features(rankings[fold], fit, chosen)
        found = [_measured(order[:k], dev, positive_dev_N, goal) for k in chosen.k]
        return max(found, key=lambda rule: (rule.dev_objective, -len(rule.columns)))

    return Search(
        best(WHOLE),
        tuple(best(fold) for fold in sorted(rankings) if fold != WHOLE),
        tuple(rankings[WHOLE].columns_R[:MOST_CANDIDATES].tolist()),
        {"paper": {"k": list(chosen.k), "multilayer": chosen.multilayer, "layer": chosen.layer}},
    )


def ordered_features(ranking: Ranking, table: Table, settings: PaperSettings) -> tuple[int, ...]:
    """Columns by rank; only features that fire more on positives."""
    layer_R = ranking.columns_R // table.d_sae
    if settings.multilayer:
        # the first feature of each layer, with layers in order of top1-diff
        _, first = np.unique(layer_R, return_index=True)
        return tuple(ranking.columns_R[np.sort(first)].tolist())
    place = layer_R[0] if settings.layer is None and len(layer_R) else None
    if settings.layer is not None:
        place = table.layers.index(settings.layer)
    return tuple(ranking.columns_R[layer_R == place].tolist())


def _measured(
    columns: tuple[int, ...], dev: Table, positive_dev_N: NDArray[np.bool_], objective: Objective
) -> FoundRules:
    found = FoundRules(columns, (0.0,) * len(columns), (Rule(m=1),), bar=1.0)
    return replace(found, dev_objective=objective.of_answers(positive_dev_N, found.fires(dev)))
