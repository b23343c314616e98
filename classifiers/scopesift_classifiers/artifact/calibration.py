"""Calibration of margins to probabilities: isotonic regression on cross-fitted margins."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

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

    def moved(self, by: float) -> "Calibration":
        """The same probabilities at margins that are larger by a constant."""
        return replace(self, x=tuple(value + by for value in self.x))

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


def _limited(margins: npt.ArrayLike) -> Floats:
    margin = np.asarray(margins, float)
    if np.isnan(margin).any():
        raise ValueError("expected margins, got NaN; check the activations")
    return np.clip(margin, -MARGIN_LIMIT, MARGIN_LIMIT)
