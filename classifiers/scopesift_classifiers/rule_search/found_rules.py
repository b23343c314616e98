"""What a search hands back: rules over columns of a feature table, and the same without each fold of the fit rows.

Every search gives this: greedy, the report's recipe, counted log-odds, ridge regression, and every strategy of a
transfer. They differ in how the rules combine their features, which `Rule` says, and in nothing that whoever
calibrates, cuts or measures them has to know.
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
        thresholds: What each must reach to fire; 0 means any positive activation.
        rules: One a label; of two labels one, for the positive one.
        bar: Of a single rule the margin from which on it fires.
        dev_objective: What the search maximised, on its dev rows; NaN where there were none.
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
        """The decision that an artifact holds.

        Args:
            table: Names the columns.
            labels: The label of each rule.
            calibration: From their margins to probabilities.
            cut: The score from which on an answer is given; None: that of the bar.
        """
        return Decision(
            features=features_of(map(table.name, self.columns), self.thresholds),
            rules=dict(zip(labels, self.rules, strict=True)),
            calibration=calibration,
            cut=float(calibration.apply(np.array(self.bar))) if cut is None else cut,
        )


@dataclass(frozen=True, eq=False)
class Search:
    """Rules found on all fit rows, and those that the same search finds without each fold of them.

    Attributes:
        whole: Found on all rows.
        without: Found without fold 0, 1, …; for margins that calibration can trust.
        candidates: Columns that the search looked at, the most promising first; none if it does not tell.
        details: What an artifact says of the search besides, JSON values.
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
        """What an artifact says of the search; `table` names the columns."""
        named = {"candidates": [list(table.name(column)) for column in self.candidates]}
        return (named if self.candidates else {}) | self.details
