"""Calibration of margins to probabilities: isotonic regression on cross-fitted margins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scopesift_files.errors import InputError

MARGIN_LIMIT = 1e6  # activation / threshold is infinite where a threshold is 0
MOST_POINTS = 64  # keeps artifacts small; values between points are interpolated
TIE_BREAK = 1e-3  # share of the score that is the squashed margin

Floats = npt.NDArray[np.float64]
FitAndMargin = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.ArrayLike]


@dataclass(frozen=True)
class Calibration:
    """A strictly increasing map from margins to probabilities, through P breakpoints.

    Isotonic regression has plateaus. On a plateau that extends below margin 1, a cut on the score would flag documents
    on which the rule does not fire; therefore a thousandth of the score is a squashed margin, so that `score >=
    apply(1)` is equivalent to `margin >= 1`.

    Between close breakpoints the map is steep: small changes of a margin, such as float32 rounding that depends on
    batch, threads, processor or device, change a score much more. To compare scores of a text that were computed in two
    ways, compare margins or activations instead of rounding scores.

    Attributes:
        x: P margins, increasing.
        y: P probabilities in (0, 1), not decreasing.
        fit_prior: share of positives in the data of the fit.
        prior: share of positives assumed for the probabilities.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    fit_prior: float
    prior: float

    def __post_init__(self) -> None:
        """Check the breakpoints, which may come from an edited artifact.

        Raises:
            InputError: they are not a monotone map into (0, 1), or a prior is not inside (0, 1).
        """
        x, y = np.array(self.x, float), np.array(self.y, float)
        sound = (
            x.shape == y.shape
            and x.size > 0
            and bool(np.all(np.isfinite(x)) and np.all(np.diff(x) > 0) and np.all(np.diff(y) >= 0))
            and bool(np.all((y > 0) & (y < 1)))
            and 0 < self.fit_prior < 1
            and 0 < self.prior < 1
        )
        if not sound:
            raise InputError(
                "calibration: expected increasing margins, probabilities and priors inside (0, 1), got "
                f"x of {x.size}, y of {y.size}, priors {self.fit_prior} and {self.prior}; fit it again"
            )

    def apply(self, margins: npt.ArrayLike) -> Floats:
        """Probabilities of the positive class, float64 in (0, 1), in the shape of `margins`.

        Raises:
            ValueError: a margin is NaN.
        """
        margin = _limited(margins)
        # every operation is monotone in floating point too, so that rounding never swaps two scores
        above = np.minimum(np.searchsorted(self.x, margin, side="right"), len(self.y) - 1)
        probability = np.minimum(np.interp(margin, self.x, self.y), np.asarray(self.y)[above])
        far = 0.5 / (1 + np.abs(margin))
        squashed = np.where(margin < 0, far, 1 - far)
        probability = (1 - TIE_BREAK) * probability + TIE_BREAK * squashed
        if self.prior == self.fit_prior:
            return probability
        # Bayes: the prior odds change, the likelihood ratio doesn't.
        shift = self.prior / (1 - self.prior) * (1 - self.fit_prior) / self.fit_prior
        posterior: Floats = 1 / (1 + (1 - probability) / (shift * probability))
        return posterior

    def to_dict(self) -> dict[str, Any]:
        """JSON values for an artifact."""
        return {"x": list(self.x), "y": list(self.y), "fit_prior": self.fit_prior, "prior": self.prior}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Calibration":
        """Read the result of `to_dict`.

        Raises:
            InputError: a field is missing or has a wrong value.
        """
        try:
            x, y = (tuple(float(value) for value in stored[axis]) for axis in ("x", "y"))
            return cls(x, y, float(stored["fit_prior"]), float(stored["prior"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"calibration: expected numbers under x, y, fit_prior and prior, got {error!r}; fit it again"
            ) from None


def cross_fitted_margins(fit_and_margin: FitAndMargin, fold_N: npt.ArrayLike) -> Floats:
    """Margins of every document from the fit without its fold: `[N]`, or `[N, C]` if fits return C margins.

    Args:
        fit_and_margin: called with the row indices to fit on and those held out, both ascending; returns the
            margins of the held-out ones, in their order.
        fold_N: `[N]` the fold of each document, such as from `deal_folds`.

    Raises:
        ValueError: there are fewer than two folds, or a fit returns the wrong number of margins or NaN.
    """
    fold = np.asarray(fold_N)
    folds = np.unique(fold)
    if folds.size < 2:
        raise ValueError(f"expected at least two folds, got {folds.size}")
    parts, rows = [], []
    for one in folds:
        held = np.flatnonzero(fold == one)
        margins = _limited(fit_and_margin(np.flatnonzero(fold != one), held))
        if margins.shape[:1] != held.shape:
            raise ValueError(f"expected {held.size} margins of fold {one}, got shape {margins.shape}")
        parts.append(margins)
        rows.append(held)
    found: Floats = np.concatenate(parts)[np.argsort(np.concatenate(rows))]
    return found


def calibrate(margins_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> Calibration:
    """Fit isotonic regression to margins of documents that the rule was not fitted on.

    Probabilities are clipped to 1 / (N + 2) from 0 and 1, the resolution of N documents, so that odds are finite.

    Args:
        margins_N: `[N]` cross-fitted margins.
        positive_N: `[N]` bool, whether the document is positive (with many labels: whether the label is correct).

    Raises:
        InputError: one of both classes is missing.
        ValueError: the lengths differ or a margin is NaN.
    """
    from sklearn.isotonic import IsotonicRegression

    margin, positive = _limited(margins_N), np.asarray(positive_N, bool)
    if margin.shape != positive.shape:
        raise ValueError(f"expected as many margins as labels, got {margin.size} and {positive.size}")
    if not 0 < positive.sum() < positive.size:
        raise InputError(
            f"calibration: expected documents of both classes, got {positive.sum()} positive of "
            f"{positive.size}; give dev data with both"
        )
    fitted = IsotonicRegression(out_of_bounds="clip").fit(margin, positive.astype(float))
    x, y = (np.asarray(points, float) for points in (fitted.X_thresholds_, fitted.y_thresholds_))
    if x.size > MOST_POINTS:
        kept = np.unique(np.linspace(0, x.size - 1, MOST_POINTS).round().astype(int))
        x, y = x[kept], y[kept]
    # Seven digits, the precision of float32.
    x, first = np.unique([float(f"{value:.7g}") for value in x], return_index=True)
    floor = 1 / (positive.size + 2)
    y = np.clip(y[first], floor, 1 - floor)
    prior = float(positive.mean())
    rounded = np.clip([float(f"{value:.7g}") for value in y], 1e-7, 1 - 1e-7)
    return Calibration(tuple(x.tolist()), tuple(rounded.tolist()), prior, prior)


class Cut(NamedTuple):
    """A cut on scores, and its precision and recall on the data it was chosen on.

    Attributes:
        threshold: a document is flagged iff its score is at least this.
        precision: of the flagged.
        recall: of the positives.
    """

    threshold: float
    precision: float
    recall: float


def threshold_for_precision(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike, precision: float) -> Cut:
    """The cut with the largest recall among those with at least `precision`; on ties the higher cut.

    Raises:
        InputError: no cut has that precision, or there are no positives.
    """
    threshold, found, recall = _cuts(scores_N, positive_N)
    enough = np.flatnonzero(found >= precision)
    if not enough.size:
        raise InputError(
            f"no cut has precision {precision}; the best is {found.max():.3f}; ask for less or fit on more"
        )
    best = enough[np.argmax(recall[enough])]
    return Cut(float(threshold[best]), float(found[best]), float(recall[best]))


def threshold_for_recall(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike, recall: float) -> Cut:
    """The cut with the largest precision among those with at least `recall`; on ties the higher cut.

    Raises:
        InputError: `recall` is above 1, or there are no positives.
    """
    threshold, precision, found = _cuts(scores_N, positive_N)
    enough = np.flatnonzero(found >= recall)
    if not enough.size:
        raise InputError(f"no cut has recall {recall}; ask for at most 1")
    best = enough[np.argmax(precision[enough])]
    return Cut(float(threshold[best]), float(precision[best]), float(found[best]))


def between_scores(scores_N: npt.ArrayLike, threshold: float) -> float:
    """A cut that flags the same documents as `threshold`, halfway to the next lower score.

    A document's own score is not a robust cut: in another batch its last bits may differ.
    """
    score = np.asarray(scores_N, float)
    lower = score[score < threshold]
    return float((threshold + (lower.max() if lower.size else 0.0)) / 2)


def _cuts(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """All distinct scores as cuts, highest first, with precision and recall."""
    score, positive = np.asarray(scores_N, float), np.asarray(positive_N, bool)
    if score.shape != positive.shape or np.isnan(score).any():
        raise ValueError(f"expected as many scores (no NaN) as labels, got {score.size} and {positive.size}")
    if not positive.any():
        raise InputError("a cut needs positive documents, got none; give data with both classes")
    order = np.argsort(-score, kind="stable")
    score = score[order]
    hits = np.cumsum(positive[order])
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))  # equal scores are flagged together
    return score[last], hits[last] / (last + 1), hits[last] / hits[-1]


def _limited(margins: npt.ArrayLike) -> Floats:
    margin = np.asarray(margins, float)
    if np.isnan(margin).any():
        raise ValueError("expected margins, got NaN; check the activations")
    return np.clip(margin, -MARGIN_LIMIT, MARGIN_LIMIT)
