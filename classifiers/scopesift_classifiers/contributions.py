"""How much each token of a text did for a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.decision import Decision
from scopesift_classifiers.rule import LOG_ODDS, firing

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contributions:
    """What T pieces of a text gave to one label of a decision over S features.

    Attributes:
        by_feature_TS: For log-odds rules, nats: the weight of a feature that fires is dealt evenly to the pieces on
            which it fires, so that the sum over everything plus the bias is the rule's log-odds. For "at least
            m" rules, activation over threshold; 1 fires.
        total_T: Per piece: the sum of the nats, or the largest ratio.
        shade_T: Between -1 and 1, for showing; the sign says for or against.
        nats: Whether the numbers are nats.
    """

    by_feature_TS: Floats
    total_T: Floats
    shade_T: Floats
    nats: bool


def token_contributions(decision: Decision, label: str, acts_TS: NDArray[np.float32]) -> Contributions:
    """Divide a verdict among the pieces of its text.

    Args:
        decision: The rules that were used.
        label: The label to explain.
        acts_TS: Activations of the decision's features on the text's pieces.
    """
    rule, thresholds_S = decision.rules[label], decision.thresholds_S
    fires_TS = firing(acts_TS, thresholds_S)
    if rule.combine == LOG_ODDS:
        weights_S = rule.weights_S
        nats_TS = fires_TS * (weights_S / np.maximum(fires_TS.sum(axis=0), 1))
        total_T = nats_TS.sum(axis=1)
        most = float(np.abs(total_T).max(initial=0.0))
        return Contributions(nats_TS, total_T, total_T / most if most else total_T, nats=True)
    safe_S = np.where(thresholds_S > 0, thresholds_S, 1.0)
    acts = acts_TS.astype(np.float64)
    ratio_TS = np.where(thresholds_S > 0, acts / safe_S, np.where(acts > 0, 1.0 + acts, 0.0))
    total_T = ratio_TS.max(axis=1, initial=0.0)
    # a clear step at 1: what did not fire is only hinted at
    shade_T = np.where(total_T < 1, 0.25 * total_T, 0.6 + 0.4 * np.minimum(total_T - 1, 1.0))
    return Contributions(ratio_TS, total_T, shade_T, nats=False)
