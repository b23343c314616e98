"""What a strategy of transfer gets from a few examples: a rule over columns of a feature table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.rule import Rule
from scopesift_classifiers.tables.counting import FeatureTable


@dataclass(frozen=True, eq=False)
class FewShotRule:
    """A rule over columns of a feature table.

    Attributes:
        columns: The features.
        thresholds: Their thresholds.
        rule: How they combine.
        bar: The margin from which on the rule fires.
    """

    columns: tuple[int, ...]
    thresholds: tuple[float, ...]
    rule: Rule
    bar: float

    def margins(self, table: FeatureTable) -> NDArray[np.float64]:
        """Margin of every document, `[N]`; zeros, which never reach the bar, for a rule without features."""
        if not self.columns:
            return np.full(table.acts_NF.shape[0], min(0.0, self.bar - 1.0))
        thresholds_S = np.array(self.thresholds, dtype=np.float32)
        return self.rule.margins(table.dense(self.columns), thresholds_S)


Fits = dict[int, list[FewShotRule]]
"""By the fold that was left out (or `ranking.WHOLE`): one rule a variant, in the same order, the smallest first."""
Fit = Callable[[FeatureTable, NDArray[np.bool_], NDArray[np.int64]], Fits]


@dataclass(frozen=True, eq=False)
class Strategy:
    """One way to get a rule from the few examples.

    Attributes:
        name: How it is filed.
        says: What it does, in a few words.
        fit: From document features, which of them are positive and the fold of each to the rules of all variants
            (number of features, shrinkage), for all documents and without each fold.
    """

    name: str
    says: str
    fit: Fit
