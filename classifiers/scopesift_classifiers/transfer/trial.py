"""Cross-validation of a strategy on the few examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import deal_folds
from scopesift_classifiers.measuring.metrics import BinaryMetrics, macro_f1_of_counts
from scopesift_classifiers.rule_search.found_rules import FoundRules
from scopesift_classifiers.rule_search.ranking import WHOLE
from scopesift_classifiers.transfer.strategy import Fits, Strategy

RESAMPLES = 200


@dataclass(frozen=True, eq=False)
class StrategyTrial:
    """Cross-validation of a strategy.

    Attributes:
        strategy: What was tried.
        margins_N: Margin of every example, from the best variant, fitted without its fold.
        predicted_N: Pooled held-out predictions; the variant is chosen without the predicted fold.
        rule: That variant, fitted on all examples.
        macro_f1: Of `predicted_N`.
        balanced_accuracy: The same.
        spread: Standard error of `macro_f1` over resamples of the examples.
    """

    strategy: Strategy
    margins_N: NDArray[np.float64]
    predicted_N: NDArray[np.bool_]
    rule: FoundRules
    macro_f1: float
    balanced_accuracy: float
    spread: float

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON values."""
        return {
            "name": self.strategy.name,
            "says": self.strategy.says,
            "features": len(self.rule.columns),
            "macro_f1": round(self.macro_f1, 4),
            "balanced_accuracy": round(self.balanced_accuracy, 4),
            "spread": round(self.spread, 4),
        }


def try_strategy(
    strategy: Strategy, table: FeatureTable, few: LabelledText, positive_N: NDArray[np.bool_], folds: int
) -> StrategyTrial:
    """Cross-validate a strategy.

    Args:
        strategy: What to try.
        table: Document features of the N examples.
        few: The examples.
        positive_N: Which of them are positive.
        folds: Number of folds; fewer if a label has fewer different texts.
    """
    fold_N = example_folds(few, folds)
    fits = strategy.fit(table, positive_N, fold_N)
    margins_VN, fires_VN = _held_out(fits, table, fold_N)
    predicted_N = np.zeros(len(few), dtype=bool)
    for fold in np.unique(fold_N):
        own = fold_N == fold
        predicted_N[own] = fires_VN[_best_variant(fires_VN[:, ~own], positive_N[~own])][own]
    metrics = BinaryMetrics.of(positive_N, predicted_N)
    variant = _best_variant(fires_VN, positive_N)
    return StrategyTrial(
        strategy=strategy,
        margins_N=margins_VN[variant],
        predicted_N=predicted_N,
        rule=fits[WHOLE][variant],
        macro_f1=metrics.macro_f1,
        balanced_accuracy=metrics.balanced_accuracy,
        spread=standard_error(metrics),
    )


def example_folds(few: LabelledText, folds: int) -> NDArray[np.int64]:
    """Folds `[N]` for few examples: at most as many as different texts of the rarest label."""
    texts: dict[str, set[str]] = {label: set() for label in few.classes}
    for text, label in zip(few.texts, few.labels, strict=True):
        texts[label].add(text)
    return deal_folds(few, max(2, min(folds, *map(len, texts.values()))))


def standard_error(metrics: BinaryMetrics) -> float:
    """Standard error of macro-F1 over resamples of the documents: of the four counts plus half a document each.

    The half documents (Jeffreys' prior) keep it above 0 if all of few examples are correct.
    """
    counts = np.array([metrics.tp, metrics.fp, metrics.fn, metrics.tn]) + 0.5
    drawn = np.random.default_rng(0).multinomial(metrics.n, counts / counts.sum(), size=RESAMPLES)
    return float(macro_f1_of_counts(*drawn.T).std())


def _held_out(
    fits: Fits, table: FeatureTable, fold_N: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Held-out margins and predictions of every variant, `[V, N]`."""
    margins_VN = np.zeros((len(fits[WHOLE]), len(fold_N)))
    fires_VN = np.zeros(margins_VN.shape, dtype=bool)
    for fold in np.unique(fold_N).tolist():
        held = np.flatnonzero(fold_N == fold)
        held_table = table.rows(held)
        for variant, rule in enumerate(fits[fold]):
            margins_VN[variant, held] = rule.margins(held_table)[:, 0]
            fires_VN[variant, held] = margins_VN[variant, held] >= rule.bar
    return margins_VN, fires_VN


def _best_variant(fires_VN: NDArray[np.bool_], positive_N: NDArray[np.bool_]) -> int:
    """The variant with the best macro-F1; on ties the first, which is the smallest."""
    scores = [round(BinaryMetrics.of(positive_N, fires_N).macro_f1, 9) for fires_N in fires_VN]
    return int(np.argmax(scores))
