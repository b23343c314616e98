"""A strategy of transfer: from a few examples to rules over columns of a feature table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.rule_search.found_rules import FoundRules

Fits = dict[int, list[FoundRules]]
"""By omitted fold (or `ranking.WHOLE`): one rule per variant, in the same order, the smallest first."""
Fit = Callable[[FeatureTable, NDArray[np.bool_], NDArray[np.int64]], Fits]


@dataclass(frozen=True, eq=False)
class Strategy:
    """A strategy.

    Attributes:
        name: Its name in results.
        says: A short description.
        fit: Maps document features, positive flags and folds to the rules of all variants (number of features,
            shrinkage), for all documents and without each fold.
    """

    name: str
    says: str
    fit: Fit
