"""How much each token of a text did for a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import LINEAR

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contributions:
    """What T pieces of a text gave to one label of a decision over S features.

    Attributes:
        by_feature_TS: Where contributions add up (linear and log-odds rules), a feature's contribution to the margin,
            dealt to the pieces: of a linear rule to those where its activation was largest, of counted log-odds to
            all on which it fires, evenly. The sum over everything plus the bias is the rule's margin. For "at least m"
            rules, activation over threshold; 1 fires.
        total_T: Per piece: the sum of the contributions, or the largest ratio.
        shade_T: Between -1 and 1, for showing; the sign says for or against.
        adds: Whether contributions add up, so that some may speak against the label.
    """

    by_feature_TS: Floats
    total_T: Floats
    shade_T: Floats
    adds: bool


def token_contributions(decision: Decision, label: str, acts_TS: NDArray[np.float32]) -> Contributions:
    """Divide a verdict among the pieces of its text.

    Args:
        decision: The rules that were used.
        label: The label to explain.
        acts_TS: Activations of the decision's features on the text's pieces.
    """
    rule = decision.rules[label]
    if not rule.adds:
        ratio_TS = decision.contributions(label, acts_TS)
        total_T = ratio_TS.max(axis=1, initial=0.0)
        # a clear step at 1: what did not fire is only hinted at
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
