"""95% intervals of metrics that are valid for few documents too, unlike a bootstrap.

Shares of documents have Wilson's interval (Wilson 1927). F1 is a monotonic function of a share, tp / (tp + fp + fn),
and has the transformed interval (Lam, Gopal & Qian 2023, "Confidence intervals for the F1 score"). Means over classes
have no closed form: theirs are quantiles of 1,000 draws from a Dirichlet posterior with Jeffreys' prior for every
class's recall. Brown, Cai & DasGupta (2001) recommend Wilson's and Jeffreys' intervals for few trials. The seed is
fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scopesift_classifiers.measuring.metrics import BinaryMetrics, macro_f1_of_counts, ratio

DRAWS = 1000
LEVEL = 0.95
Z = 1.959964
SEED = 0

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Intervals = dict[str, list[float]]


def wilson(share: float, n: float) -> tuple[float, float]:
    """95% interval of a share of n documents; [0, 1] for n = 0."""
    low, high = wilson_ends(np.array(share * n), np.array(n))
    return float(low), float(high)


def wilson_ends(hits: npt.NDArray[Any], n: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """`wilson` of many shares hits / n, elementwise: the low and the high ends."""
    share, z2, some = ratio(hits, n), Z**2, np.maximum(n, 1)
    middle = (share + z2 / (2 * some)) / (1 + z2 / some)
    half = Z / (1 + z2 / some) * np.sqrt(share * (1 - share) / some + z2 / (4 * some * some))
    low = np.where(n > 0, np.maximum(middle - half, 0.0), 0.0)
    return low, np.where(n > 0, np.minimum(middle + half, 1.0), 1.0)


def binary_intervals(truth_N: npt.NDArray[np.bool_], flagged_N: npt.NDArray[np.bool_]) -> Intervals:
    """95% intervals of the metrics of `BinaryMetrics`.

    Args:
        truth_N: Is positive, bool.
        flagged_N: Was flagged, bool.

    Returns:
        Metric -> [low, high]; empty without documents.
    """
    found = BinaryMetrics.of(truth_N, flagged_N)
    if not found.n:
        return {}
    tp, fp, fn, tn = drawn(np.array([found.tp, found.fp, found.fn, found.tn]) + 0.5).T
    concerned = found.tp + found.fp + found.fn
    low, high = wilson(float(ratio(found.tp, concerned)), concerned)
    return {
        "f1": _rounded(2 * low / (1 + low), 2 * high / (1 + high)),
        "precision": _rounded(*wilson(found.precision, found.tp + found.fp)),
        "recall": _rounded(*wilson(found.recall, found.n_positive)),
        "false_positive_rate": _rounded(*wilson(found.false_positive_rate, found.n - found.n_positive)),
        "accuracy": _rounded(*wilson(found.accuracy, found.n)),
        "balanced_accuracy": around(found.balanced_accuracy, (ratio(tp, tp + fn) + ratio(tn, tn + fp)) / 2),
        "macro_f1": around(found.macro_f1, macro_f1_of_counts(tp, fp, fn, tn)),
    }


def many_class_intervals(truth_N: npt.ArrayLike, predicted_N: npt.ArrayLike, classes: list[str]) -> Intervals:
    """95% intervals of accuracy, balanced accuracy and macro-F1 over `classes`; empty without documents."""
    truth, predicted = _codes(truth_N, classes), _codes(predicted_N, classes)
    if not truth.size or not classes:
        return {}
    width = len(classes) + 1  # the last one is for all other labels
    counts_CC = np.bincount(width * truth + predicted, minlength=width * width).reshape(width, width)
    balanced, macro = _means_over_classes(counts_CC[None].astype(np.float64))
    drawn_balanced, drawn_macro = _means_over_classes(drawn(_with_prior(counts_CC)))
    accuracy = float((truth == predicted).mean())
    return {
        "accuracy": _rounded(*wilson(accuracy, truth.size)),
        "balanced_accuracy": around(float(balanced[0]), drawn_balanced),
        "macro_f1": around(float(macro[0]), drawn_macro),
    }


def macro_f1_difference(
    truth_N: npt.ArrayLike, one_N: npt.ArrayLike, other_N: npt.ArrayLike, classes: list[str]
) -> list[float]:
    """95% interval of the macro-F1 of predictions `one_N` less that of `other_N`, on the same documents.

    Both use the same draws, so that common errors cancel.
    """
    width = len(classes) + 1
    codes_3N = np.stack([_codes(labels, classes) for labels in (truth_N, one_N, other_N)])
    # Jeffreys' prior for the recall of both: one additional document per class, over the four combinations of correct
    # and wrong
    wrong = len(classes)
    prior = [
        (at, one, other)
        for at in set(codes_3N[0].tolist()) - {wrong}
        for one in (at, wrong)
        for other in (at, wrong)
    ]
    triples_3U, place_N = np.unique(
        np.concatenate([codes_3N, np.array(prior, dtype=np.int64).reshape(-1, 3).T], axis=1),
        axis=1,
        return_inverse=True,
    )
    weight_N = np.concatenate([np.ones(codes_3N.shape[1]), np.full(len(prior), 0.25)])
    drawn_RU = drawn(np.bincount(place_N.ravel(), weight_N))

    def per_class(codes_U: Counts) -> Floats:
        members_UC = np.zeros((len(codes_U), width))
        members_UC[np.arange(len(codes_U)), codes_U] = 1
        return members_UC[:, :-1]

    def macro_f1(weights_RU: Floats, given_UC: Floats) -> Floats:
        hits_RC, all_RC = weights_RU @ (true_UC * given_UC), weights_RU @ (true_UC + given_UC)
        means: Floats = ratio(2 * hits_RC, all_RC).mean(axis=1)
        return means

    true_UC, one_UC, other_UC = (per_class(codes_U) for codes_U in triples_3U)
    seen_RU = np.bincount(place_N.ravel()[: codes_3N.shape[1]], minlength=triples_3U.shape[1]).astype(
        np.float64
    )[None]
    found = macro_f1(seen_RU, one_UC) - macro_f1(seen_RU, other_UC)
    return around(float(found[0]), macro_f1(drawn_RU, one_UC) - macro_f1(drawn_RU, other_UC))


def drawn(weights: npt.ArrayLike) -> Floats:
    """`DRAWS` draws of shares from a Dirichlet distribution, `[DRAWS, *shape]`; a cell of weight 0 stays 0."""
    alpha = np.asarray(weights, dtype=np.float64)
    filled = alpha > 0
    shares = np.zeros((DRAWS, *alpha.shape))
    gammas = np.random.default_rng(SEED).standard_gamma(alpha[filled], size=(DRAWS, int(filled.sum())))
    shares[:, filled] = gammas / gammas.sum(axis=1, keepdims=True)
    return shares


def around(found: float, values_R: npt.ArrayLike) -> list[float]:
    """[low, high]: the middle 95% of the draws, to four digits, extended to include `found`."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(np.asarray(values_R, dtype=np.float64), [tail, 1 - tail])
    return _rounded(min(float(low), found), max(float(high), found))


def _with_prior(counts_CC: Counts) -> Floats:
    """Add half a correct and half a wrong document for every class with documents."""
    weights_CC = counts_CC.astype(np.float64)
    own = np.flatnonzero(counts_CC[:-1].sum(axis=1))
    weights_CC[own, own] += 0.5
    weights_CC[own, -1] += 0.5
    return weights_CC


def _means_over_classes(shares_RCC: Floats) -> tuple[Floats, Floats]:
    """Balanced accuracy and macro-F1 of tables of [truth, prediction], `[R]` each."""
    hits_RC = np.diagonal(shares_RCC, axis1=1, axis2=2)[:, :-1]
    given_RC, found_RC = shares_RCC.sum(axis=1)[:, :-1], shares_RCC.sum(axis=2)[:, :-1]
    return ratio(hits_RC, found_RC).mean(axis=1), ratio(2 * hits_RC, given_RC + found_RC).mean(axis=1)


def _rounded(low: float, high: float) -> list[float]:
    return [round(low, 4), round(high, 4)]


def _codes(labels_N: npt.ArrayLike, classes: list[str]) -> Counts:
    """Index of each label in `classes`; len(classes) for other labels."""
    place = {label: at for at, label in enumerate(classes)}
    return np.array(
        [place.get(str(label), len(classes)) for label in np.asarray(labels_N).ravel()], dtype=np.int64
    )
