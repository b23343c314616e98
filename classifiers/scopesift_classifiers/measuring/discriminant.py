"""Linear discriminant analysis in closed form: a dense baseline without gradient descent.

Fisher's discriminant (1936) with a covariance shrunk towards a multiple of the identity, on the same mean residuals as
the linear probe, for comparison only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scopesift_classifiers.measuring.baselines import (
    Baseline,
    Labels,
    Scores,
    checked_labels,
    macro_f1_on_dev,
)

SHRINKAGES = (1e-3, 1e-2, 1e-1, 1.0)
"""Shares of the mean variance to add to the covariance's diagonal, chosen on dev."""


def discriminant(
    X_train_ND: npt.ArrayLike, y_train: npt.ArrayLike, X_dev_ND: npt.ArrayLike, y_dev: npt.ArrayLike
) -> Baseline:
    """Linear discriminant analysis with class frequencies as priors.

    Args:
        X_train_ND: `[N, D]` mean residual of each document at one layer.
        y_train: `[N]` labels, strings or integers.
        X_dev_ND: the same for dev.
        y_dev: its labels.

    Raises:
        InputError: the fit data has one class, or dev none.
    """
    y_train, y_dev = checked_labels(y_train, y_dev)
    X_train, X_dev = np.asarray(X_train_ND, dtype=np.float64), np.asarray(X_dev_ND, dtype=np.float64)
    classes, class_N = np.unique(y_train, return_inverse=True)
    prior_C = np.bincount(class_N) / len(class_N)
    mean_CD = np.stack([X_train[class_N == one].mean(axis=0) for one in range(len(classes))])
    inside_ND = X_train - mean_CD[class_N]
    variance_D, direction_DD = np.linalg.eigh(inside_ND.T @ inside_ND / len(class_N))
    scale = max(float(variance_D.mean()), np.finfo(np.float64).tiny)
    turned_CD = mean_CD @ direction_DD

    def fitted(shrinkage: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        weights_DC = direction_DD @ (turned_CD / (variance_D + shrinkage * scale)).T
        return weights_DC, np.log(prior_C) - 0.5 * (mean_CD * weights_DC.T).sum(axis=1)

    best = max(
        SHRINKAGES,
        key=lambda shrinkage: macro_f1_on_dev(_predicted(classes, X_dev, *fitted(shrinkage)), y_dev),
    )
    weights_DC, bias_C = fitted(best)

    def scores(X: npt.ArrayLike) -> Scores:
        odds_NC: Scores = np.asarray(X, dtype=np.float64) @ weights_DC + bias_C
        return odds_NC if len(classes) > 2 else odds_NC[:, 1] - odds_NC[:, 0]

    def predict(X: npt.ArrayLike) -> Labels:
        return _predicted(classes, np.asarray(X, dtype=np.float64), weights_DC, bias_C)

    return Baseline(
        "lda", {"shrinkage": best, "dev_macro_f1": macro_f1_on_dev(predict(X_dev), y_dev)}, predict, scores
    )


def _predicted(
    classes: Labels,
    X_ND: npt.NDArray[np.float64],
    weights_DC: npt.NDArray[np.float64],
    bias_C: npt.NDArray[np.float64],
) -> Labels:
    predicted: Labels = classes[(X_ND @ weights_DC + bias_C).argmax(axis=1)]
    return predicted
