"""A classifier's task fitted again on growing numbers of labels and of features, and measured on other rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.fitting.fit import read_table
from scopesift_classifiers.fitting.settings import FOLDS
from scopesift_classifiers.fitting.stored_cut import best_cut
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import deal_folds, split_dev
from scopesift_classifiers.measuring.baselines import tfidf
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.linear import TOLERANCE, LinearSettings, rules_by_size
from scopesift_classifiers.rule_search.moments import Targets

SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
DRAWS = 3
MOST_ROWS = 2000
"""Of more rows a part is drawn, so that a report takes minutes."""
LEAST_PER_LABEL = 2 * FOLDS
"""Different texts of a label in a draw: some for each fold, some to choose on."""
MACRO_F1, ACCURACY = "macro_f1", "accuracy"

Floats = NDArray[np.float64]


def refit_curves(
    classifier: Classifier,
    scope: Scope,
    fit_data: LabelledText,
    data: LabelledText,
    *,
    cache: FeatureCache | None = None,
    shares: Sequence[float] = SHARES,
    draws: int = DRAWS,
    on_progress: Callable[[int, int], None] | None = None,
    on_fit: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Fit linear rules over the classifier's layers on parts of `fit_data`, and measure each on `data`.

    Of each part a fifth is held out; it chooses the number of features and, for two labels, the cut. TF-IDF with
    logistic regression is fitted on the same rows.

    Args:
        classifier: Gives task, layers and how texts are read; its own rule is not used.
        scope: Its scope.
        fit_data: Labelled rows to draw from; at most `MOST_ROWS` are used.
        data: Rows to measure on.
        cache: Cache of document features.
        shares: Shares of the rows, stratified by label.
        draws: Draws of each share; all rows are used once.
        on_progress: Called with (texts read, all texts).
        on_fit: Called with (fits done, all fits).

    Returns:
        `{"metric", "labels": [{"rows", "score": [per draw], "tfidf": […], "features": […]}], "features": [{"features",
        "score"}]}`; the metric is macro-F1 for two labels, else accuracy. Shares with too few texts of a label are left
        out. The numbers of features are those of the fit on all rows.

    Raises:
        InputError: Too few rows even together.
    """
    if len(fit_data) > MOST_ROWS:
        fit_data = fit_data.select(split_dev(fit_data, MOST_ROWS / len(fit_data))[1])
    layers = sorted({layer for layer, _ in classifier.features})
    texts = classifier.as_read([*fit_data.texts, *data.texts])
    table = read_table(classifier.bind(scope).only(layers), texts, cache=cache, on_progress=on_progress)
    rows = np.arange(len(texts))
    fit_table, test_table = table.rows(rows[: len(fit_data)]), table.rows(rows[len(fit_data) :])
    parts = [
        (share, index_N)
        for share in sorted(shares)
        for index_N in _draws(fit_data, share, draws)
        if _enough(fit_data.select(index_N))
    ]
    if not parts:
        raise InputError(
            f"{fit_data.origin}: a curve needs at least {LEAST_PER_LABEL} different texts of each label"
        )
    by_share: dict[float, list[dict[str, Any]]] = {}
    sizes: list[dict[str, Any]] = []
    for at, (share, index_N) in enumerate(parts):
        measured, sizes = _one_fit(
            classifier, fit_data.select(index_N), fit_table.rows(index_N), data, test_table
        )
        by_share.setdefault(share, []).append(measured)
        if on_fit is not None:
            on_fit(at + 1, len(parts))
    points = [
        {
            "rows": found[0]["rows"],
            **{key: [one[key] for one in found] for key in ("score", "tfidf", "features")},
        }
        for found in by_share.values()
    ]
    metric = MACRO_F1 if classifier.kind == BINARY else ACCURACY
    return {"metric": metric, "labels": points, "features": sizes}


def _draws(rows: LabelledText, share: float, draws: int) -> list[NDArray[np.int64]]:
    if share >= 1:
        return [np.arange(len(rows))]
    return [split_dev(rows, share, seed=seed)[1] for seed in range(draws)]


def _enough(rows: LabelledText) -> bool:
    different = {label: set[str]() for label in rows.classes}
    for text, label in zip(rows.texts, rows.labels, strict=True):
        different[label].add(text)
    return len(different) > 1 and min(map(len, different.values())) >= LEAST_PER_LABEL


def _one_fit(
    classifier: Classifier, rows: LabelledText, table: Table, data: LabelledText, test_table: Table
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The score of one draw with the number of features that its held-out part chooses, and with every number."""
    fit_N, dev_N = split_dev(rows)
    fit, dev = rows.select(fit_N), rows.select(dev_N)
    labels = [classifier.labels[0]] if classifier.kind == BINARY else fit.classes
    rules = rules_by_size(table.rows(fit_N), _targets(fit, labels), LinearSettings(), deal_folds(fit, FOLDS))
    truth_N, sizes, chosen_on = np.array(data.labels), [], []
    for size, rule in rules.items():
        margins = rule.margins(table.rows(dev_N)), rule.margins(test_table)
        dev_score, given_N = _answers(margins[0], np.array(dev.labels), margins[1], labels, fit.classes)
        chosen_on.append(dev_score)
        sizes.append({"features": size, "score": _score(truth_N, given_N, labels)})
    least = max(chosen_on) - TOLERANCE
    best = next(at for at, value in enumerate(chosen_on) if value >= least)
    words = tfidf(fit.texts, fit.labels, dev.texts, dev.labels).predict(data.texts)
    tfidf_score = _score(truth_N, np.array([str(label) for label in words]), labels)
    return {"rows": len(rows), **sizes[best], "tfidf": tfidf_score}, sizes


def _targets(rows: LabelledText, labels: Sequence[str]) -> Targets:
    if len(labels) == 1:
        return Targets.of_two(np.array([label == labels[0] for label in rows.labels]))
    number = {label: at for at, label in enumerate(labels)}
    return Targets.of_many(np.array([number[label] for label in rows.labels]), len(labels))


def _answers(
    dev_NC: Floats, dev_N: NDArray[np.str_], test_NC: Floats, labels: Sequence[str], classes: Sequence[str]
) -> tuple[float, NDArray[np.str_]]:
    """The objective on the held-out rows, and the labels of the rows to measure on."""
    if len(labels) > 1:
        names = np.array(labels)
        return float((names[dev_NC.argmax(axis=1)] == dev_N).mean()), names[test_NC.argmax(axis=1)]
    cut, value = best_cut(dev_NC[:, 0], dev_N == labels[0], Objective())
    other = next(label for label in classes if label != labels[0])
    return value, np.where(test_NC[:, 0] >= cut, labels[0], other)


def _score(truth_N: NDArray[np.str_], given_N: NDArray[np.str_], labels: Sequence[str]) -> float:
    if len(labels) > 1:
        return round(float((truth_N == given_N).mean()), 4)
    return round(float(BinaryMetrics.of(truth_N == labels[0], given_N == labels[0]).macro_f1), 4)
