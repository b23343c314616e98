"""Answers of a classifier for many texts, as arrays; verdicts with evidence are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.outcome import decide


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers of a classifier for N texts.

    Attributes:
        label_N: labels as a list of strings; the unknown one if none is given.
        likeliest_N: the label with the highest margin, whether it is given or not.
        given_N: whether a label other than the unknown one is given (binary: flagged).
        score_N: score of the answer, float64.
        scores_NC: probability of every label, float64, in the order of `Classifier.labels`.
        rule_N: "default", or the language whose decision was used.
    """

    label_N: list[str]
    likeliest_N: list[str]
    given_N: NDArray[np.bool_]
    score_N: NDArray[np.float64]
    scores_NC: NDArray[np.float64]
    rule_N: list[str]

    def rows(self, row_M: NDArray[np.int64]) -> Answers:
        """Answers for M of the texts."""
        label_M, likeliest_M, rule_M = (
            [every[row] for row in row_M] for every in (self.label_N, self.likeliest_N, self.rule_N)
        )
        return Answers(
            label_M, likeliest_M, self.given_N[row_M], self.score_N[row_M], self.scores_NC[row_M], rule_M
        )


def answers_of(
    classifier: Classifier,
    acts_NS: NDArray[np.float32],
    columns: Mapping[str, NDArray[np.int64]],
    rule_N: list[str],
) -> Answers:
    """Classify texts by their activations.

    Args:
        classifier: The classifier.
        acts_NS: Largest activation of every selected feature in each text, float32.
        columns: Columns of each decision's features, by the decision's name ("default" or a language).
        rule_N: Name of the decision for each text.
    """
    count, labels = len(acts_NS), classifier.labels
    place = {label: at for at, label in enumerate(labels)}
    given_N, score_N = np.zeros(count, dtype=np.bool_), np.zeros(count)
    scores_NC = np.zeros((count, len(labels)))
    likeliest_N = np.zeros(count, dtype=np.int64)
    every_rule_N = np.array(rule_N, dtype=object)
    for rule in sorted(set(rule_N)):
        decision = classifier.decision(rule)
        rows = np.flatnonzero(every_rule_N == rule)
        outcome = decide(classifier.kind, decision, acts_NS[np.ix_(rows, columns[rule])])
        own_C = np.array([place[label] for label in decision.rules])
        given_N[rows], score_N[rows] = outcome.given_N, outcome.score_N
        scores_NC[np.ix_(rows, own_C)] = outcome.scores_NC
        likeliest_N[rows] = own_C[outcome.best_N]
    likeliest = [labels[at] for at in likeliest_N]
    given = [label if own else classifier.unknown for label, own in zip(likeliest, given_N, strict=True)]
    return Answers(given, likeliest, given_N, score_N, scores_NC, rule_N)
