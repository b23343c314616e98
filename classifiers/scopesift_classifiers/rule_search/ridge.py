"""Ridge regression in closed form (Hoerl and Kennard 1970): no gradient, no iteration.

The normal equations only need sums over documents, which are computed in pieces, kept by fold, and subtracted for the
fits without a fold; the squared error of a fit on other documents follows from their sums too. With fewer documents
than features the dual form solves the smaller system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted sums over documents with P features and C targets.

    Attributes:
        weight: Sum of the documents' weights.
        x_P: Sum of the features.
        y_C: Sum of the targets.
        xx_PP: Sum of the features' products.
        xy_PC: Sum of the products of features and targets.
        yy_C: Sum of the squared targets.
    """

    weight: float
    x_P: Floats
    y_C: Floats
    xx_PP: Floats
    xy_PC: Floats
    yy_C: Floats

    @classmethod
    def of(cls, x_NP: Floats, y_NC: Floats, weight_N: Floats) -> Moments:
        """The sums over N documents."""
        root_N1 = np.sqrt(weight_N)[:, None]
        x, y = x_NP * root_N1, y_NC * root_N1
        return cls(
            float(weight_N.sum()),
            weight_N @ x_NP,
            weight_N @ y_NC,
            x.T @ x,
            x.T @ y,
            (y * y).sum(axis=0),
        )

    @classmethod
    def zero(cls, n_features: int, n_targets: int) -> Moments:
        """The sums over no documents."""
        return cls(
            0.0,
            np.zeros(n_features),
            np.zeros(n_targets),
            np.zeros((n_features, n_features)),
            np.zeros((n_features, n_targets)),
            np.zeros(n_targets),
        )

    def __add__(self, other: Moments) -> Moments:
        """The sums over the documents of both."""
        return Moments(
            self.weight + other.weight,
            self.x_P + other.x_P,
            self.y_C + other.y_C,
            self.xx_PP + other.xx_PP,
            self.xy_PC + other.xy_PC,
            self.yy_C + other.yy_C,
        )

    def __sub__(self, other: Moments) -> Moments:
        """The sums without some of the documents."""
        return Moments(
            self.weight - other.weight,
            self.x_P - other.x_P,
            self.y_C - other.y_C,
            self.xx_PP - other.xx_PP,
            self.xy_PC - other.xy_PC,
            self.yy_C - other.yy_C,
        )

    def at(self, places: NDArray[np.int64]) -> Moments:
        """The sums of some of the features."""
        return Moments(
            self.weight,
            self.x_P[places],
            self.y_C,
            self.xx_PP[np.ix_(places, places)],
            self.xy_PC[places],
            self.yy_C,
        )

    def centred(self) -> tuple[Floats, Floats]:
        """Products about the mean: features with features `[P, P]`, features with targets `[P, C]`."""
        total = max(self.weight, np.finfo(np.float64).tiny)
        return (
            self.xx_PP - np.outer(self.x_P, self.x_P / total),
            self.xy_PC - np.outer(self.x_P, self.y_C / total),
        )

    def spread(self) -> Floats:
        """Standard deviation of each feature, `[P]`."""
        total = max(self.weight, np.finfo(np.float64).tiny)
        variance_P = np.diag(self.xx_PP) / total - (self.x_P / total) ** 2
        spread_P: Floats = np.sqrt(np.maximum(variance_P, 0.0))
        return spread_P


@dataclass(frozen=True, eq=False)
class Ridge:
    """A fitted regression: prediction = features @ weights + bias.

    Attributes:
        weights_PC: One weight per feature and target.
        bias_C: One constant per target, not penalised.
    """

    weights_PC: Floats
    bias_C: Floats

    def predict(self, x_NP: Floats) -> Floats:
        """Predictions `[N, C]`."""
        predicted: Floats = x_NP @ self.weights_PC + self.bias_C
        return predicted

    def squared_error(self, moments: Moments) -> float:
        """Weighted squared error, over all targets, on the documents that the sums are over."""
        weights_PC, bias_C = self.weights_PC, self.bias_C
        error_C = (
            moments.yy_C
            - 2 * (weights_PC * moments.xy_PC).sum(axis=0)
            + (weights_PC * (moments.xx_PP @ weights_PC)).sum(axis=0)
            + 2 * bias_C * (moments.x_P @ weights_PC - moments.y_C)
            + moments.weight * bias_C**2
        )
        return float(error_C.sum())


def ridges_of_moments(moments: Moments, penalties: Sequence[float]) -> list[Ridge]:
    """The primal form: solves P equations.

    Args:
        moments: Sums over the documents.
        penalties: Penalties, as multiples of the features' mean variance times the documents' weight, so that they
            don't depend on units and number of documents.

    Returns:
        One regression per penalty.
    """
    from scipy.linalg import cho_factor, cho_solve

    xx_PP, xy_PC = moments.centred()
    diagonal = np.diag_indices_from(xx_PP)
    plain_P = xx_PP[diagonal].copy()
    scale = _scale(float(plain_P.sum()), len(plain_P))
    total = max(moments.weight, np.finfo(np.float64).tiny)
    found = []
    for penalty in penalties:
        xx_PP[diagonal] = plain_P + penalty * scale
        # overwrites the matrix, which is filled again for the next penalty; only its lower triangle is read
        factor = cho_factor(xx_PP, lower=True, check_finite=False)
        weights_PC = cho_solve(factor, xy_PC, check_finite=False)
        found.append(Ridge(weights_PC, (moments.y_C - moments.x_P @ weights_PC) / total))
    return found


def ridges_of_rows(x_NP: Floats, y_NC: Floats, weight_N: Floats, penalties: Sequence[float]) -> list[Ridge]:
    """The dual form: solves N equations, the same regressions as `ridges_of_moments`.

    Args:
        x_NP: Features of N documents, fewer than there are features.
        y_NC: Targets.
        weight_N: Weight of each document, above 0.
        penalties: See `ridges_of_moments`.
    """
    from scipy.linalg import cho_factor, cho_solve

    total = float(weight_N.sum())
    x_mean_P, y_mean_C = weight_N @ x_NP / total, weight_N @ y_NC / total
    root_N1 = np.sqrt(weight_N)[:, None]
    x, y = (x_NP - x_mean_P) * root_N1, (y_NC - y_mean_C) * root_N1
    kernel_NN = x @ x.T
    diagonal = np.diag_indices_from(kernel_NN)
    plain_N = kernel_NN[diagonal].copy()
    scale = _scale(float(plain_N.sum()), x.shape[1])
    found = []
    for penalty in penalties:
        kernel_NN[diagonal] = plain_N + penalty * scale
        factor = cho_factor(kernel_NN, lower=True, check_finite=False)
        weights_PC = x.T @ cho_solve(factor, y, check_finite=False)
        found.append(Ridge(weights_PC, y_mean_C - x_mean_P @ weights_PC))
    return found


def fit_ridges(x_NP: Floats, y_NC: Floats, weight_N: Floats, penalties: Sequence[float]) -> list[Ridge]:
    """Ridge regressions by the form with the smaller system."""
    if len(x_NP) < x_NP.shape[1]:
        return ridges_of_rows(x_NP, y_NC, weight_N, penalties)
    return ridges_of_moments(Moments.of(x_NP, y_NC, weight_N), penalties)


def _scale(trace: float, n_features: int) -> float:
    """Mean variance times weight, never 0, so that constant features get the weight 0."""
    mean = trace / max(n_features, 1)
    return mean if mean > 0 else 1.0
