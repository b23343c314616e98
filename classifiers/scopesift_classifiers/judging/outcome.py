"""Outcome of a decision for many documents, as arrays, without evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.classifier import BINARY
from scopesift_classifiers.artifact.decision import Decision


@dataclass(frozen=True, eq=False)
class Outcome:
    """Outcome for N documents.

    Attributes:
        best_N: column of the label with the highest margin, int64.
        given_N: whether that label is given; if not, the unknown label is.
        score_N: score of the answer, float64.
        scores_NC: calibrated probability of every label, float64.
    """

    best_N: NDArray[np.int64]
    given_N: NDArray[np.bool_]
    score_N: NDArray[np.float64]
    scores_NC: NDArray[np.float64]


def decide(kind: str, decision: Decision, acts_NS: NDArray[np.float32]) -> Outcome:
    """Apply one decision.

    Args:
        kind: of the classifier, "binary" or "many".
        decision: the decision.
        acts_NS: document maxima of the decision's features, in its order, float32.
    """
    margins_NC = decision.margins(acts_NS)
    scores_NC = decision.scores(margins_NC)
    best_N = margins_NC.argmax(axis=1)
    score_N = scores_NC[np.arange(len(best_N)), best_N]
    given_N: NDArray[np.bool_] = np.asarray(score_N >= decision.cuts_C[best_N])
    if kind != BINARY:
        given_N &= (decision.fires(acts_NS) & decision.speaks_for_CS[best_N]).any(axis=1)
        score_N = np.where(given_N, score_N, 0.0)
    return Outcome(best_N, given_N, score_N, scores_NC)
