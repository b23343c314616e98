"""The content of `evaluate --json`: metrics with intervals, overall, per language and per source, with baselines."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scopesift_classifiers.measuring.baselines import BASELINES
from scopesift_classifiers.measuring.calibration_error import expected_calibration_error
from scopesift_classifiers.measuring.intervals import (
    binary_intervals,
    macro_f1_difference,
    many_class_intervals,
)
from scopesift_classifiers.measuring.metrics import BinaryMetrics, ManyClassMetrics
from scopesift_classifiers.measuring.operating_points import operating_points

NATURAL_PREVALENCE = 0.05  # assumed share of positives in real streams of comments
MOST_RUNNERS_UP = 3
SMALLEST_CONFUSION = 0.005
UNKNOWN = "unknown"  # group of documents without language or source
NO_FIT_DATA = "no fit data was given (--fit-data)"

Report = dict[str, Any]
Predictions = Mapping[str, npt.ArrayLike]
Groups = dict[str, dict[str, npt.NDArray[np.bool_]]]


def evaluate_binary(
    truth_N: npt.ArrayLike,
    predicted_N: npt.ArrayLike,
    *,
    positive: str = "toxic",
    scores_N: npt.ArrayLike | None = None,
    langs: Sequence[str | None],
    sources: Sequence[str | None],
    prevalence: float = NATURAL_PREVALENCE,
    baselines: Predictions | None = None,
    no_baselines: str = NO_FIT_DATA,
) -> Report:
    """Measure a binary classifier on N documents.

    Args:
        truth_N: the true labels; all but `positive` are negative.
        predicted_N: the predicted labels.
        positive: the positive label.
        scores_N: probabilities of `positive`, for the calibration error; None: not available.
        langs: the language of each document, or None.
        sources: the data set of each document, or None.
        prevalence: share of positives for the natural precision.
        baselines: `[N]` predicted labels of each of `BASELINES` that could be fitted.
        no_baselines: why a baseline that isn't in `baselines` is null.

    Returns:
        `{"n", "n_positive", "n_flagged", "f1", "precision", "recall", "false_positive_rate", "accuracy",
        "balanced_accuracy", "macro_f1", "intervals": {metric: [low, high]}, "natural": {"prevalence", "precision",
        "recall", "f1"}, "ece", …: see `expected_calibration_error`, "thresholds": see `operating_points`, or None
        without scores, "by_lang": {lang: …}, "by_source": {source: …}, "baselines": {name: … or None, "reason"}}`.
        Groups have the calibration error too, and languages "thresholds" if there are several. A baseline also holds
        "difference": macro-F1 of the classifier less its own, with its interval on the same documents. Metrics that
        are undefined for a group of one class, or without scores, are None, with the reason.

    Raises:
        ValueError: lengths differ.
    """
    truth = np.asarray(truth_N, dtype=str) == positive
    groups = _groups(langs, sources)
    classes = [positive, ""]
    folded = np.where(truth, positive, "")

    def less(labels: npt.ArrayLike) -> Report:
        one, other = (
            np.where(np.asarray(given, str) == positive, positive, "") for given in (predicted_N, labels)
        )
        return _difference(folded, one, other, classes)

    def measured(labels: npt.ArrayLike) -> Report:
        flagged = np.asarray(labels, dtype=str) == positive
        return _binary(truth, flagged, prevalence) | _grouped(
            groups, lambda rows: _binary(truth[rows], flagged[rows])
        )

    report = measured(predicted_N) | {"baselines": _beside(baselines, no_baselines, measured, less)}
    return _with_scores(report, scores_N, truth, groups, points=True)


def evaluate_many_class(
    truth_N: npt.ArrayLike,
    predicted_N: npt.ArrayLike,
    *,
    scores_N: npt.ArrayLike | None = None,
    langs: Sequence[str | None],
    sources: Sequence[str | None],
    classes: list[str] | None = None,
    baselines: Predictions | None = None,
    no_baselines: str = NO_FIT_DATA,
) -> Report:
    """Measure a many-label classifier on N documents; arguments as for `evaluate_binary`.

    Args:
        truth_N: the true labels.
        predicted_N: the predicted labels; "und" or "other" is a wrong answer, not a class.
        scores_N: probabilities of the predicted labels.
        langs: the language of each document, or None.
        sources: the data set of each document, or None.
        classes: the labels for means; default: those in the truth.
        baselines: `[N]` predicted labels of each of `BASELINES` that could be fitted.
        no_baselines: why a baseline that isn't in `baselines` is null.

    Returns:
        `{"n", "accuracy", "balanced_accuracy", "macro_f1", "intervals", "per_class": {label: {"n", "precision",
        "recall", "f1", "taken_for"}}, "ece", "ece_reason", "by_lang", "by_source", "baselines"}`. `taken_for`: the
        labels that its documents get instead most often, see `runners_up`. Groups are measured over the classes that
        occur in them; in a group of one class only the accuracy is not None.

    Raises:
        ValueError: lengths differ.
    """
    truth, groups = np.asarray(truth_N, dtype=str), _groups(langs, sources)
    names = sorted(set(truth.tolist())) if classes is None else classes

    def less(labels: npt.ArrayLike) -> Report:
        return _difference(truth, predicted_N, labels, names)

    def measured(labels: npt.ArrayLike) -> Report:
        predicted = np.asarray(labels, dtype=str)
        return _many_class(truth, predicted, names) | _grouped(
            groups, lambda rows: _means(truth[rows], predicted[rows])
        )

    report = measured(predicted_N) | {"baselines": _beside(baselines, no_baselines, measured, less)}
    for label, instead in runners_up(truth, predicted_N, names).items():
        report["per_class"][label]["taken_for"] = instead
    return _with_scores(report, scores_N, truth == np.asarray(predicted_N, dtype=str), groups, points=False)


def runners_up(
    truth_N: npt.ArrayLike, predicted_N: npt.ArrayLike, classes: Sequence[str]
) -> dict[str, dict[str, float]]:
    """For each class the wrong labels that its documents get most often, with the share of its documents.

    Args:
        truth_N: the true labels.
        predicted_N: the predicted labels; "und" or "other" counts as a label here.
        classes: the classes to look at.

    Returns:
        At most `MOST_RUNNERS_UP` labels a class, the most frequent first, without shares below `SMALLEST_CONFUSION`.
    """
    truth, predicted = np.asarray(truth_N, dtype=str), np.asarray(predicted_N, dtype=str)
    found: dict[str, dict[str, float]] = {}
    for label in classes:
        given = predicted[truth == label]
        labels, counts = np.unique(given[given != label], return_counts=True)
        order = np.argsort(-counts, kind="stable")[:MOST_RUNNERS_UP]
        shares = {str(labels[at]): round(float(counts[at] / len(given)), 4) for at in order}
        found[label] = {other: share for other, share in shares.items() if share >= SMALLEST_CONFUSION}
    return found


def _binary(truth: npt.NDArray[Any], flagged: npt.NDArray[Any], prevalence: float | None = None) -> Report:
    metrics = BinaryMetrics.of(truth, flagged)
    report: Report = {"n": metrics.n, "n_positive": metrics.n_positive, "n_flagged": metrics.tp + metrics.fp}
    some = metrics.n_positive > 0
    negatives = metrics.n_positive < metrics.n
    both = some and negatives
    for name, shown in (
        ("f1", some),
        ("precision", some),
        ("recall", some),
        ("false_positive_rate", negatives),
        ("accuracy", metrics.n > 0),
        ("balanced_accuracy", both),
        ("macro_f1", both),
    ):
        report[name] = _rounded(getattr(metrics, name)) if shown else None
    report["intervals"] = _shown(binary_intervals(truth, flagged), report)
    if prevalence is not None:
        natural = metrics.at_prevalence(prevalence) if both else None
        report["natural"] = natural and {name: _rounded(value) for name, value in natural.items()}
    return report


def _many_class(truth: npt.NDArray[Any], predicted: npt.NDArray[Any], classes: list[str]) -> Report:
    table = {
        label: {name: value if name == "n" else _rounded(value) for name, value in row.items()}
        for label, row in ManyClassMetrics.of(truth, predicted, classes).per_class.items()
    }
    return _means(truth, predicted, classes) | {"per_class": table}


def _means(truth: npt.NDArray[Any], predicted: npt.NDArray[Any], classes: list[str] | None = None) -> Report:
    metrics = ManyClassMetrics.of(truth, predicted, classes)
    means = len(metrics.per_class) > 1
    report: Report = {
        "n": metrics.n,
        "accuracy": _rounded(metrics.accuracy) if metrics.n else None,
        "balanced_accuracy": _rounded(metrics.balanced_accuracy) if means else None,
        "macro_f1": _rounded(metrics.macro_f1) if means else None,
    }
    drawn = many_class_intervals(truth, predicted, list(metrics.per_class))
    return report | {"intervals": _shown(drawn, report)}


def _shown(intervals: dict[str, list[float]], report: Report) -> Report:
    """The intervals of the metrics that the report gives."""
    return {name: ends for name, ends in intervals.items() if report[name] is not None}


def _difference(
    truth_N: npt.ArrayLike, one_N: npt.ArrayLike, other_N: npt.ArrayLike, classes: list[str]
) -> Report:
    one, other = (ManyClassMetrics.of(truth_N, labels, classes).macro_f1 for labels in (one_N, other_N))
    ends = macro_f1_difference(truth_N, one_N, other_N, classes) if np.size(truth_N) else None
    return {"difference": {"macro_f1": _rounded(one - other), "interval": ends}}


def _grouped(groups: Groups, measure: Callable[[npt.NDArray[np.bool_]], Report]) -> Report:
    return {
        name: {group: measure(rows_N) for group, rows_N in parts.items()} for name, parts in groups.items()
    }


def _groups(langs: Sequence[str | None], sources: Sequence[str | None]) -> Groups:
    """The rows of every language and source, by "by_lang" and "by_source"."""
    groups: Groups = {}
    for name, values in (("by_lang", langs), ("by_source", sources)):
        group_N = np.array([value or UNKNOWN for value in values], dtype=str)
        found = np.unique(group_N).tolist() if any(values) else []
        groups[name] = {group: group_N == group for group in found}
    return groups


def _with_scores(
    report: Report,
    scores_N: npt.ArrayLike | None,
    outcome_N: npt.NDArray[np.bool_],
    groups: Groups,
    *,
    points: bool,
) -> Report:
    """The report with what depends on scores, for all rows and for every group.

    Args:
        report: The metrics of `_grouped`.
        scores_N: The scores, if there are any.
        outcome_N: Is positive, or the label is correct.
        groups: The rows of each group.
        points: Whether to give operating points, also by language if there are several.
    """
    if scores_N is None:
        nothing: Report = {"ece": None, "ece_reason": "the predictions have no scores"}
        return report | nothing | ({"thresholds": None} if points else {})
    score_N = np.asarray(scores_N, dtype=np.float64)
    report |= expected_calibration_error(score_N, outcome_N)
    for name, parts in groups.items():
        for group, rows_N in parts.items():
            own: Report = report[name][group]
            own |= expected_calibration_error(score_N[rows_N], outcome_N[rows_N])
            if points and name == "by_lang" and len(parts) > 1:
                own["thresholds"] = operating_points(score_N[rows_N], outcome_N[rows_N])
    return report | ({"thresholds": operating_points(score_N, outcome_N)} if points else {})


def _beside(
    baselines: Predictions | None,
    no_baselines: str,
    measured: Callable[[npt.ArrayLike], Report],
    less: Callable[[npt.ArrayLike], Report],
) -> Report:
    given = baselines or {}
    report: Report = {
        name: measured(given[name]) | less(given[name]) if name in given else None for name in BASELINES
    }
    return report | {"reason": None if len(given) == len(BASELINES) else no_baselines}


def _rounded(value: float) -> float:
    """Round to six digits, for readability."""
    return round(float(value), 6)
