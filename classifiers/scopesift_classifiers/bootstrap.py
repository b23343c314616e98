"""Bootstrap intervals (Efron 1979): how much a metric would move with another sample of as many documents.

All metrics here are functions of a table of counts. Drawing N documents with replacement and counting is the same as
drawing the counts from a multinomial distribution, so a thousand resamples cost a thousand small tables, however
many documents there are. The seed is fixed: the same data give the same intervals.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scopesift_classifiers.metrics import macro_f1_of_counts, ratio

RESAMPLES = 1000
LEVEL = 0.95
SEED = 0

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Intervals = dict[str, list[float]]


def binary_intervals(truth_N: npt.NDArray[np.bool_], flagged_N: npt.NDArray[np.bool_]) -> Intervals:
    """95% intervals of what `BinaryMetrics` gives.

    Args:
        truth_N: Is positive, bool.
        flagged_N: Was flagged, bool.

    Returns:
        Metric to [low, high]; nothing for no documents.
    """
    cells = np.bincount(2 * truth_N.astype(int) + flagged_N, minlength=4)
    if not cells.sum():
        return {}
    tn, fp, fn, tp = resampled(cells).T
    recall, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
    return {
        "f1": interval(ratio(2 * tp, 2 * tp + fp + fn)),
        "precision": interval(ratio(tp, tp + fp)),
        "recall": interval(recall),
        "accuracy": interval((tp + tn) / cells.sum()),
        "balanced_accuracy": interval((recall + specificity) / 2),
        "macro_f1": interval(macro_f1_of_counts(tp, fp, fn, tn)),
    }


def many_class_intervals(truth_N: npt.ArrayLike, predicted_N: npt.ArrayLike, classes: list[str]) -> Intervals:
    """95% intervals of accuracy, balanced accuracy and macro-F1 over `classes`; nothing for no documents."""
    truth, predicted = _codes(truth_N, classes), _codes(predicted_N, classes)
    if not truth.size or not classes:
        return {}
    width = len(classes) + 1  # the last is every other label
    cells = np.bincount(width * truth + predicted, minlength=width * width)
    table_RCC = resampled(cells).reshape(RESAMPLES, width, width)
    hits_RC = np.diagonal(table_RCC, axis1=1, axis2=2)[:, :-1]
    given_RC, found_RC = table_RCC.sum(axis=1)[:, :-1], table_RCC.sum(axis=2)[:, :-1]
    return {
        "accuracy": interval(hits_RC.sum(axis=1) / truth.size),
        "balanced_accuracy": interval(ratio(hits_RC, found_RC).mean(axis=1)),
        "macro_f1": interval(ratio(2 * hits_RC, given_RC + found_RC).mean(axis=1)),
    }


def macro_f1_difference(
    truth_N: npt.ArrayLike, one_N: npt.ArrayLike, other_N: npt.ArrayLike, classes: list[str]
) -> list[float]:
    """95% interval of the macro-F1 of predictions `one_N` less that of `other_N`, on the same documents.

    Both see the same resamples, so what they get wrong together cancels out.
    """
    width = len(classes) + 1
    codes = [_codes(labels, classes) for labels in (truth_N, one_N, other_N)]
    triples, counts = np.unique(np.stack(codes, axis=1), axis=0, return_counts=True)
    drawn_RU = resampled(counts).astype(np.float64)

    def per_class(codes_U: Counts) -> Floats:
        members_UC = np.zeros((len(triples), width))
        members_UC[np.arange(len(triples)), codes_U] = 1
        return members_UC[:, :-1]

    true_UC = per_class(triples[:, 0])
    scores = []
    for column in (1, 2):
        given_UC = per_class(triples[:, column])
        hits_RC, all_RC = drawn_RU @ (true_UC * given_UC), drawn_RU @ (true_UC + given_UC)
        scores.append(ratio(2 * hits_RC, all_RC).mean(axis=1))
    return interval(scores[0] - scores[1])


def resampled(cells: npt.ArrayLike) -> Counts:
    """`RESAMPLES` draws of as many documents as `cells` count, `[RESAMPLES, cells]`."""
    counts = np.asarray(cells, dtype=np.int64)
    total = int(counts.sum())
    rng = np.random.default_rng(SEED)
    drawn: Counts = rng.multinomial(total, counts / total, size=RESAMPLES)
    return drawn


def interval(values_R: npt.ArrayLike) -> list[float]:
    """[low, high]: the middle 95% of the resamples, to four digits."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(np.asarray(values_R, dtype=np.float64), [tail, 1 - tail])
    return [round(float(low), 4), round(float(high), 4)]


def _codes(labels_N: npt.ArrayLike, classes: list[str]) -> Counts:
    """Position of each label in `classes`; one past the end for any other label."""
    place = {label: at for at, label in enumerate(classes)}
    return np.array(
        [place.get(str(label), len(classes)) for label in np.asarray(labels_N).ravel()], dtype=np.int64
    )
