"""The recipe of the Qwen-Scope report (section 5): one layer, the K largest firing-rate differences, OR, threshold 0.

The report picks K and the layer on its test split; here the layer comes from top1-diff, the report's own rule
without evaluation, and K from the dev split.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.counting import FeatureTable, firing_rates, rate_differences
from scopesift_classifiers.greedy import FoundRule
from scopesift_classifiers.metrics import BinaryMetrics

K_CHOICES = (1, 2, 5, 10)


def firing_deltas(table: FeatureTable, positive_N: NDArray[np.bool_]) -> NDArray[np.float32]:
    """delta_f = P(fires | positive) - P(fires | negative) at threshold 0, for every column `[layers * d_sae]`."""
    members_NC = np.stack([positive_N, ~positive_N], axis=1).astype(np.float32)
    zero_QF = np.zeros((1, table.acts_NF.shape[1]), dtype=np.float32)
    return rate_differences(firing_rates(table.acts_NF, zero_QF, members_NC), members_NC)[0, 0]


def paper_rule(
    fit: FeatureTable,
    positive_fit_N: NDArray[np.bool_],
    dev: FeatureTable,
    positive_dev_N: NDArray[np.bool_],
) -> FoundRule:
    """The report's classifier: layer by top1-diff, K in {1, 2, 5, 10} by dev macro-F1, any feature fires.

    Args:
        fit: Document features to count on.
        positive_fit_N: Which of them are positive.
        dev: Document features to choose K on.
        positive_dev_N: Which of them are positive.
    """
    delta_F = firing_deltas(fit, positive_fit_N)
    layer = int(delta_F.argmax()) // fit.d_sae
    columns = np.arange(layer * fit.d_sae, (layer + 1) * fit.d_sae)
    ranked = columns[np.argsort(-delta_F[columns], kind="stable")]
    best: FoundRule | None = None
    for k in K_CHOICES:
        chosen = tuple(int(column) for column in ranked[:k])
        fires_N = (dev.dense(chosen) > 0).any(axis=1)
        macro_f1 = BinaryMetrics.of(positive_dev_N, fires_N).macro_f1
        if best is None or macro_f1 > best.dev_macro_f1:
            best = FoundRule(chosen, (0.0,) * len(chosen), 1, macro_f1)
    if best is None:
        raise ValueError("no K to choose from")
    return best
