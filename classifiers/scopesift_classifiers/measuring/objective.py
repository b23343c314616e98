"""Objectives of fits, from confusion counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scopesift_files.errors import UsageError

from scopesift_classifiers.measuring.metrics import Floats, macro_f1_of_counts, ratio

MACRO_F1 = "macro_f1"
F1 = "f1"
F_BETA = "f_beta"
RECALL = "recall_at_precision"
OBJECTIVES = (MACRO_F1, F1, F_BETA, RECALL)
STRICTER = (0.0, 0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Objective:
    """An objective.

    Attributes:
        name: "macro_f1" (mean of the F1 of both classes), "f1" and "f_beta" (of the positive class; with weak features
            these lead to flagging everything), or "recall_at_precision".
        beta: For "f_beta": weight of recall relative to precision.
        precision: For "recall_at_precision": the required precision.
    """

    name: str = MACRO_F1
    beta: float = 1.0
    precision: float | None = None

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            UsageError: An unknown name, or invalid numbers for it.
        """
        if self.name not in OBJECTIVES:
            raise UsageError(f"objective must be one of {', '.join(OBJECTIVES)}, got {self.name!r}")
        if not 0 < self.beta < float("inf"):
            raise UsageError(f"beta must be above 0, got {self.beta}; 0.5 prefers precision, 2 recall")
        if self.beta != 1.0 and self.name != F_BETA:
            raise UsageError(f"beta belongs to the objective {F_BETA}, not to {self.name}")
        if self.name == RECALL and (self.precision is None or not 0 < self.precision <= 1):
            raise UsageError(
                f"the objective {RECALL} needs a precision above 0 and at most 1, got {self.precision}"
            )
        if self.name != RECALL and self.precision is not None:
            raise UsageError(f"a precision belongs to the objective {RECALL}, not to {self.name}")

    def of_counts(self, tp: npt.ArrayLike, fp: npt.ArrayLike, fn: npt.ArrayLike, tn: npt.ArrayLike) -> Floats:
        """The objective for counts of any shape; larger is better.

        A rule below its required precision has the (negative) difference, so that a search has a direction; one that
        flags nothing has 0.
        """
        if self.name == MACRO_F1:
            return macro_f1_of_counts(tp, fp, fn, tn)
        hits, alarms, misses = (np.asarray(count, float) for count in (tp, fp, fn))
        if self.precision is not None:
            flagged, positives = hits + alarms, hits + misses
            lacks = ratio(hits, flagged) - self.precision
            return np.where(lacks < 0, np.where(flagged > 0, lacks, 0.0), ratio(hits, positives))
        weight = self.beta**2
        return ratio((1 + weight) * hits, (1 + weight) * hits + weight * misses + alarms)

    def searched(self) -> tuple[Objective, ...]:
        """Objectives to search with on the fit rows, for this objective on the dev rows.

        A search that just reaches a required precision on its own rows is below it on others, so stricter ones are
        tried too.
        """
        if self.precision is None:
            return (self,)
        return tuple(
            replace(self, precision=self.precision + (1 - self.precision) * share) for share in STRICTER
        )

    def of_answers(self, truth_N: npt.NDArray[np.bool_], flagged_N: npt.NDArray[np.bool_]) -> float:
        """The objective for documents: is positive `[N]`, was flagged `[N]`."""
        tp, fp = int((truth_N & flagged_N).sum()), int((~truth_N & flagged_N).sum())
        fn = int(truth_N.sum()) - tp
        return float(self.of_counts(tp, fp, fn, len(truth_N) - tp - fp - fn))

    def describe(self) -> str:
        """A short description, for progress."""
        if self.name == RECALL:
            return f"recall at precision {self.precision:g}"
        return f"F{self.beta:g}" if self.name == F_BETA else {MACRO_F1: "macro-F1", F1: "F1"}[self.name]

    def to_dict(self) -> dict[str, Any]:
        """JSON values for an artifact, without unused fields."""
        used: dict[str, Any] = {"name": self.name}
        if self.name == F_BETA:
            used["beta"] = self.beta
        if self.name == RECALL:
            used["precision"] = self.precision
        return used
