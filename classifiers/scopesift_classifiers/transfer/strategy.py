"""A strategy of transfer: from a few examples to rules over columns of a feature table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.rule_search.found_rules import FoundRules

Fits = dict[int, list[FoundRules]]
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
