"""What a search for a rule hands back."""

from __future__ import annotations

from dataclasses import dataclass

MOST_CANDIDATES = 200


@dataclass(frozen=True, eq=False)
class FoundRule:
    """A rule over columns of a feature table.

    Attributes:
        columns: Its features.
        thresholds: What each must reach; 0 means any positive activation.
        m: How many must fire.
        dev_objective: What was maximised, on dev.
        dev_macro_f1: Macro-F1 on dev.
    """

    columns: tuple[int, ...]
    thresholds: tuple[float, ...]
    m: int
    dev_objective: float
    dev_macro_f1: float


@dataclass(frozen=True, eq=False)
class FoundRules:
    """A rule, and the rules that the same search finds without each fold of the fit rows.

    Attributes:
        whole: Fitted on all rows.
        without: Fitted without fold 0, 1, …; for margins that calibration can trust.
        candidates: Columns with the largest firing-rate differences, best first.
    """

    whole: FoundRule
    without: tuple[FoundRule, ...]
    candidates: tuple[int, ...]
