"""Contributions of tokens to a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import LINEAR

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contributions of T pieces of a text to one label of a decision over S features.

    Attributes:
        by_feature_TS: For linear and log-odds rules, a feature's contribution to the margin, assigned to pieces: for a
            linear rule to those with its largest activation, for log-odds evenly to all on which it fires. The sum over
            everything plus the bias is the rule's margin. For "at_least" rules activation / threshold; fires from 1 on.
        total_T: Per piece: the sum of the contributions, or the largest ratio.
        shade_T: Between -1 and 1, for display; the sign means for or against.
        adds: Whether contributions are summed, so that some may be negative.
    """

    by_feature_TS: Floats
    total_T: Floats
    shade_T: Floats
    adds: bool


def token_contributions(decision: Decision, label: str, acts_TS: NDArray[np.float32]) -> Contributions:
    """Contributions of the pieces of a text to a verdict.

    Args:
        decision: The decision used.
        label: The label to explain.
        acts_TS: Activations of the decision's features on the text's pieces.
    """
    rule = decision.rules[label]
    if not rule.adds:
        ratio_TS = decision.contributions(label, acts_TS)
        total_T = ratio_TS.max(axis=1, initial=0.0)
        # a visible step at 1, where features fire
        shade_T = np.where(total_T < 1, 0.25 * total_T, 0.6 + 0.4 * np.minimum(total_T - 1, 1.0))
        return Contributions(ratio_TS, total_T, shade_T, adds=False)
    most_1S = acts_TS.max(axis=0, keepdims=True, initial=0.0)
    shares_TS = decision.fires(acts_TS)
    if rule.combine == LINEAR:
        shares_TS = shares_TS & (acts_TS == most_1S)
    given_TS = decision.contributions(label, most_1S) * shares_TS / np.maximum(shares_TS.sum(axis=0), 1)
    total_T = given_TS.sum(axis=1)
    largest = float(np.abs(total_T).max(initial=0.0))
    return Contributions(given_TS, total_T, total_T / largest if largest else total_T, adds=True)
