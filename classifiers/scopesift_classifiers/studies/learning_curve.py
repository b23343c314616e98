"""Learning curves over a share of a language's labels, for transfer and for TF-IDF on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.scope import Scope
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import BINARY, DEFAULT, Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.fit import read_table
from scopesift_classifiers.judging.answers import Answers, answers_of
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import split_dev
from scopesift_classifiers.measuring.baselines import Baseline, tfidf
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.transfer.strategies import rule_over
from scopesift_classifiers.transfer.transfer import (
    LEAST_PER_LABEL,
    TransferSettings,
    check_examples,
    choose,
    positives,
    try_all,
)

SHARES = (0.01, 0.05, 0.1, 0.25, 1.0)
DRAWS = 5
METRICS = ("macro_f1", "balanced_accuracy", "f1", "precision", "recall")


@dataclass(frozen=True, eq=False)
class LanguageRows:
    """The rows of one language with their features.

    Attributes:
        lang: Its code.
        train: Rows to draw from.
        test: Rows to measure on.
        train_table: Document features of the first.
        test_table: Document features of the second.
        routed_N: Test texts that are routed to the language's own decision.
        default_N: Test texts that the classifier flags without a decision for the language.
    """

    lang: str
    train: LabelledText
    test: LabelledText
    train_table: FeatureTable
    test_table: FeatureTable
    routed_N: NDArray[np.bool_]
    default_N: NDArray[np.bool_]


def read_language(
    classifier: Classifier,
    language: Classifier | None,
    scope: Scope,
    lang: str,
    train: LabelledText,
    test: LabelledText,
    *,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> LanguageRows:
    """Read the rows of a language over all layers, and classify its test rows without its labels.

    Args:
        classifier: The classifier to transfer.
        language: The language classifier for routing; None: all texts are assumed to be in `lang`.
        scope: The scope of both.
        lang: The language's code.
        train: Labelled rows.
        test: Rows to measure on.
        cache: Cache of document features.
        on_progress: Called with (texts read, all texts).
    """
    if classifier.kind != BINARY:
        raise UsageError(
            f"a learning curve needs a classifier with two labels, {classifier.name!r} has {len(classifier.labels)}"
        )
    check_examples(classifier, train)
    table = read_table(
        classifier.bind(scope),
        classifier.as_read([*train.texts, *test.texts]),
        cache=cache,
        on_progress=on_progress,
    )
    rows = np.arange(len(train) + len(test))
    test_table = table.rows(rows[len(train) :])
    default = rule_over(test_table, classifier.default)
    if default is None:
        raise ValueError(f"the table has layers {test_table.layers}, the classifier reads others")
    routed_N = np.ones(len(test), dtype=bool)
    if language is not None:
        found = predicted_languages(language, test_table)
        sure_N = found.score_N >= classifier.route_confidence
        routed_N = sure_N & np.array([code == lang for code in found.label_N], dtype=bool)
    return LanguageRows(
        lang=lang,
        train=train,
        test=test,
        train_table=table.rows(rows[: len(train)]),
        test_table=test_table,
        routed_N=routed_N,
        default_N=default.fires(test_table),
    )


def predicted_languages(language: Classifier, table: FeatureTable) -> Answers:
    """Answers of the language classifier for a table's documents."""
    columns = columns_of(table, language.default.feature_ids)
    own = {DEFAULT: np.arange(len(columns))}
    return answers_of(language, table.dense(columns), own, [DEFAULT] * table.n_documents)


def learning_curve(
    classifier: Classifier,
    rows: LanguageRows,
    *,
    shares: Sequence[float] = SHARES,
    draws: int = DRAWS,
    settings: TransferSettings | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Measure transfer on growing shares of a language's labels.

    Args:
        classifier: The classifier to transfer.
        rows: The language.
        shares: Shares of the train rows, stratified by label.
        draws: Number of draws per share; the full set is used once.
        settings: Limits of the search.
        say: Called with one line per share.

    Returns:
        `{"routed": share of test rows that are routed to the language's decision, "zero_shot": metrics, "few": {share:
        …}, "full": metrics}`; docs/transfer.md has every key. Shares with too few rows are left out of `few`.
    """
    settings = settings or TransferSettings()
    truth_N = positives(classifier, rows.test)
    few: dict[str, Any] = {}
    for share in shares:
        taken = [draw(rows.train, share, seed) for seed in range(draws if share < 1 else 1)]
        if any(_too_few(rows.train, index_N) for index_N in taken):
            continue
        measured = [_one_draw(classifier, rows, index_N, truth_N, settings) for index_N in taken]
        few[f"{share:g}"] = point = _point(measured, len(taken[0]))
        if say is not None:
            say(
                f"{rows.lang}, {share:.0%} of the labels, {counted(point['rows'], 'row')}: balanced accuracy "
                f"{np.mean(point['balanced_accuracy']):.3f}, "
                f"TF-IDF {np.mean(point['tfidf']['balanced_accuracy']):.3f}"
            )
    full = few.get("1")
    return {
        "test_rows": len(rows.test),
        "routed": round(float(rows.routed_N.mean()), 4),
        "zero_shot": metrics_of(truth_N, rows.default_N),
        "few": few,
        "full": None if full is None else {name: full[name][0] for name in METRICS},
    }


def draw(train: LabelledText, share: float, seed: int) -> NDArray[np.int64]:
    """Row indices of a share of the different texts of each label; all rows for a share of 1."""
    return np.arange(len(train)) if share >= 1 else split_dev(train, share, seed=seed)[1]


def metrics_of(truth_N: NDArray[np.bool_], flagged_N: NDArray[np.bool_]) -> dict[str, float]:
    """The metrics of a curve's point, rounded."""
    measured = BinaryMetrics.of(truth_N, flagged_N)
    return {name: round(float(getattr(measured, name)), 4) for name in METRICS}


def tfidf_of_few(few: LabelledText) -> Baseline:
    """TF-IDF + logistic regression on few rows: C is chosen on a part, then it is fitted on all."""
    fit, dev = (few.select(rows) for rows in split_dev(few))
    chosen = tfidf(fit.texts, fit.labels, dev.texts, dev.labels).chosen["C"]
    return tfidf(few.texts, few.labels, few.texts, few.labels, Cs=(chosen,))


def _one_draw(
    classifier: Classifier,
    rows: LanguageRows,
    index_N: NDArray[np.int64],
    truth_N: NDArray[np.bool_],
    settings: TransferSettings,
) -> dict[str, Any]:
    few, table = rows.train.select(index_N), rows.train_table.rows(index_N)
    trials = try_all(classifier, table, few, settings)
    measured = {}
    for trial in trials:
        own_N = trial.rule.fires(rows.test_table)
        measured[trial.strategy.name] = metrics_of(truth_N, np.where(rows.routed_N, own_N, rows.default_N))
    words = tfidf_of_few(few).predict(rows.test.texts)
    words_N = np.array([str(label) == classifier.labels[0] for label in words])
    return {
        "chosen": choose(trials).strategy.name,
        "cross_validated": {trial.strategy.name: round(trial.macro_f1, 4) for trial in trials},
        "strategies": measured,
        "tfidf": metrics_of(truth_N, words_N),
    }


def _point(measured: list[dict[str, Any]], n_rows: int) -> dict[str, Any]:
    """The draws of a share by metric."""
    names = list(measured[0]["strategies"])
    return {
        "rows": n_rows,
        **{name: [one["strategies"][one["chosen"]][name] for one in measured] for name in METRICS},
        "chosen": [one["chosen"] for one in measured],
        "strategies": {
            strategy: {
                "cross_validated": [one["cross_validated"][strategy] for one in measured],
                **{name: [one["strategies"][strategy][name] for one in measured] for name in METRICS},
            }
            for strategy in names
        },
        "tfidf": {name: [one["tfidf"][name] for one in measured] for name in METRICS},
    }


def _too_few(train: LabelledText, index_N: NDArray[np.int64]) -> bool:
    labels = [train.labels[row] for row in index_N]
    return min(labels.count(label) for label in train.classes) < LEAST_PER_LABEL
