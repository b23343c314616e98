"""The cuts of a many-label decision: one for all labels, or one for each.

Labels differ in how far the margins of their own texts are above 0. A text that no label fits gets a margin that is low
for the label it is taken for, though perhaps not for others. Cuts by label are as in one-class classification by a
quantile of a class's own scores (Schölkopf et al. 2001), but in units of a spread, which fewer rows determine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import calibrate
from scopesift_classifiers.artifact.classifier import MANY
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.feature_tables.pieces import dense_pieces
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.fitting.stored_cut import answer_cut, describe_answers
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.rule_search.found_rules import Search

SHRINKAGE = 30
"""Weight, in rows, of the labels' mean spread in each label's spread."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """Document features of N rows with their labels.

    Attributes:
        table: Document features.
        class_N: Index of each row's label.
    """

    table: Table
    class_N: Ints

    def rows(self, row_M: Ints) -> LabelledTable:
        """M of the rows."""
        return LabelledTable(self.table.rows(row_M), self.class_N[row_M])


@dataclass(frozen=True, eq=False)
class CutChoice:
    """A decision with one cut and with cuts by label, and the dev rows that both are chosen on.

    Attributes:
        one: With one cut.
        by_label: With a cut for each label; None where a label has no right answer among the fit rows.
        score_N: Score of the most likely label of each of N dev rows; 0 without evidence for it.
        best_N: Index of that label.
        right_N: Whether it is correct.
    """

    one: Decision
    by_label: Decision | None
    score_N: Floats
    best_N: Ints
    right_N: NDArray[np.bool_]

    def describe(self, decision: Decision, settings: FitSettings) -> dict[str, Any]:
        """The artifact's description of the cuts of one of the two decisions."""
        return describe_answers(self.score_N >= decision.cuts_C[self.best_N], self.right_N, settings)


def choose_cuts(
    found: Search,
    fit: LabelledTable,
    fold_N: Ints,
    dev: LabelledTable,
    labels: Sequence[str],
    settings: FitSettings,
) -> CutChoice:
    """Calibrate rules on the fit rows and choose their cuts on the dev rows.

    Args:
        found: The rules.
        fit: The fit rows.
        fold_N: Their folds.
        dev: The dev rows.
        labels: The rules' labels.
        settings: What cuts of either kind shall have on the dev rows.

    Raises:
        InputError: As `answer_cut`.
    """
    held_out_NC = found.held_out(fit.table, fold_N)
    right_NC = fit.class_N[:, None] == np.arange(len(labels))
    calibration = calibrate(held_out_NC.ravel(), right_NC.ravel())
    uncut = found.whole.decision(fit.table, labels, calibration, cut=0.0)
    outcomes = [decide(MANY, uncut, acts_BS) for _, acts_BS in dense_pieces(dev.table, found.whole.columns)]
    score_N = np.concatenate([outcome.score_N for outcome in outcomes])
    best_N = np.concatenate([outcome.best_N for outcome in outcomes])
    right_N = best_N == dev.class_N
    by_label = None
    if spread := _spread(held_out_NC, fit.class_N):
        centre_C, spread_C = spread
        level_N = (found.whole.margins(dev.table).max(axis=1) - centre_C[best_N]) / spread_C[best_N]
        level_N[score_N == 0] = level_N.min() - 1
        scores_C = calibration.apply(centre_C + answer_cut(level_N, right_N, settings) * spread_C)
        cuts = dict(zip(labels, scores_C.tolist(), strict=True))
        by_label = replace(uncut, cut=min(cuts.values()), label_cuts=cuts)
    one = uncut.with_cut(answer_cut(score_N, right_N, settings))
    return CutChoice(one, by_label, score_N, best_N, right_N)


def _spread(margins_NC: Floats, class_N: Ints) -> tuple[Floats, Floats] | None:
    """Median of the margins of texts that get a label rightly, `[C]`, and how far lower ones lie below it, `[C]`.

    The spread is the root mean square below the median, shrunk towards the mean of all labels. None if a label is never
    given rightly, or if no margin is below its median.
    """
    best_N, margin_N = margins_NC.argmax(axis=1), margins_NC.max(axis=1)
    labels = range(margins_NC.shape[1])
    own = [margin_N[(class_N == label) & (best_N == label)] for label in labels]
    if not all(map(len, own)):
        return None
    centre_C = np.array([np.median(margin_M) for margin_M in own])
    below = [np.minimum(margin_M - centre, 0.0) for margin_M, centre in zip(own, centre_C, strict=True)]
    spread_C = np.array([np.sqrt((below_M**2).mean()) for below_M in below])
    rows_C = np.array([len(margin_M) for margin_M in own])
    spread_C = (rows_C * spread_C + SHRINKAGE * spread_C.mean()) / (rows_C + SHRINKAGE)
    return (centre_C, spread_C) if spread_C.min() > 0 else None
