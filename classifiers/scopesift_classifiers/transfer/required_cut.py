"""The cut with a required rate on labelled rows, and its description in the artifact."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scopesift_classifiers.artifact.calibration import MARGIN_LIMIT, Calibration
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.cuts import PRECISION, Cuts, Requirement


def require_enough(rows: LabelledText, positive: str, required: Requirement) -> None:
    """Check, before rows are read, that they can show a rate whose denominator doesn't depend on the scores.

    Args:
        rows: The rows.
        positive: The positive one of two labels.
        required: The requirement.

    Raises:
        InputError: There are too few of the label that the rate is a share of.
    """
    if required.rate != PRECISION:
        documents = sum((label == positive) != required.is_limit for label in rows.labels)
        if documents < required.documents:
            raise required.too_few(documents)


def required_cut(
    values_N: npt.ArrayLike,
    outcome_N: npt.ArrayLike,
    required: Requirement,
    rows: LabelledText,
    calibration: Calibration | None = None,
) -> tuple[float, dict[str, Any]]:
    """Choose the cut on N rows that the rule was not fitted on.

    Args:
        values_N: Margins of a rule, or scores.
        outcome_N: Is positive; with many labels: whether the label is correct.
        required: The requirement.
        rows: The rows.
        calibration: From margins to scores. Cuts are halfway between margins, because scores are nearly equal where the
            calibration is flat.

    Returns:
        The cut, a score, and `{"asked": {rate: value}, "rows", "sha256" of the rows, "cut_interval", …}` with the rates
        of `Cuts.measured`.

    Raises:
        InputError: As `Cuts.meeting`.
    """

    def score(value: float) -> float:
        return value if calibration is None else float(calibration.apply(np.array(value)))

    cuts = Cuts.of(np.clip(values_N, -MARGIN_LIMIT, MARGIN_LIMIT), outcome_N)
    at = cuts.meeting(required, required.documents)
    return score(cuts.between(at)), {
        "asked": {required.rate: required.value},
        "rows": len(rows),
        "sha256": rows.fingerprint(),
        "cut_interval": [round(score(end), 6) for end in cuts.interval(at, required)],
        **cuts.measured(at),
    }
