"""Results of searches: rules over columns of a feature table, and the same without each fold of the fit rows.

The common result of all searches (greedy, the report's recipe, log-odds, ridge regression) and of all strategies of a
transfer, so that calibration, choice of the cut and measuring are the same for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import Calibration, cross_fitted_margins
from scopesift_classifiers.artifact.decision import Decision, label_margins
from scopesift_classifiers.artifact.rule import Rule, features_of
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.feature_tables.pieces import dense_pieces

MOST_CANDIDATES = 200

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoundRules:
    """Rules over columns of a feature table: a decision before its labels, calibration and cut.

    Attributes:
        columns: S features.
        thresholds: Their thresholds; 0 means any positive activation.
        rules: One per label; with two labels one, for the positive one.
        bar: For a single rule, the margin from which on it fires.
        dev_objective: The objective on the dev rows; NaN without dev rows.
    """

    columns: tuple[int, ...]
    thresholds: tuple[float, ...]
    rules: tuple[Rule, ...]
    bar: float = 0.0
    dev_objective: float = float("nan")

    @property
    def rule(self) -> Rule:
        """The single rule."""
        (rule,) = self.rules
        return rule

    def margins(self, table: Table) -> Floats:
        """Margins of the table's documents, `[N, labels]`, as `Decision.margins`."""
        thresholds_S = np.array(self.thresholds, dtype=np.float32)
        pieces = [np.zeros((0, len(self.rules)))]
        for _, acts_BS in dense_pieces(table, self.columns):
            pieces.append(label_margins(self.rules, acts_BS, thresholds_S))
        return np.concatenate(pieces)

    def fires(self, table: Table) -> NDArray[np.bool_]:
        """Whether a single rule fires on each of the table's documents, `[N]`."""
        return self.margins(table)[:, 0] >= self.bar

    def decision(
        self, table: Table, labels: Sequence[str], calibration: Calibration, cut: float | None = None
    ) -> Decision:
        """The decision for an artifact.

        Args:
            table: Has the names of the columns.
            labels: The label of each rule.
            calibration: From margins to probabilities.
            cut: The score from which on a label is given; None: that of the bar.
        """
        return Decision(
            features=features_of(map(table.name, self.columns), self.thresholds),
            rules=dict(zip(labels, self.rules, strict=True)),
            calibration=calibration,
            cut=float(calibration.apply(np.array(self.bar))) if cut is None else cut,
        )


@dataclass(frozen=True, eq=False)
class Search:
    """Rules found on all fit rows, and by the same search without each fold.

    Attributes:
        whole: Found on all rows.
        without: Found without fold 0, 1, …; for cross-fitted margins.
        candidates: Candidate columns of the search, best first; may be empty.
        details: Further description for the artifact, JSON values.
    """

    whole: FoundRules
    without: tuple[FoundRules, ...]
    candidates: tuple[int, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    def held_out(self, table: Table, fold_N: NDArray[np.int64]) -> Floats:
        """Margins `[N, labels]` of the fit rows, each by the rules found without its fold.

        Args:
            table: Document features of the fit rows.
            fold_N: Their folds.
        """
        return cross_fitted_margins(
            lambda _, held: self.without[int(fold_N[held[0]])].margins(table.rows(held)), fold_N
        )

    def describe(self, table: Table) -> dict[str, Any]:
        """The artifact's description of the search; `table` has the names of the columns."""
        named = {"candidates": [list(table.name(column)) for column in self.candidates]}
        return (named if self.candidates else {}) | self.details
