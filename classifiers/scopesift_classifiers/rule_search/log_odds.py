"""Log-odds rules for many classes, from which features fire.

Weights are computed from firing rates per class and co-firing within classes (Fisher's linear discriminant, 1936, with
a shrunken pooled covariance). Naive Bayes would count evidence repeatedly, since SAE features of one word fire
together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scopesift_files.counted import counted
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.rule import LOG_ODDS, Rule, firing, log_odds_margins
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.feature_tables.pieces import dense_pieces
from scopesift_classifiers.rule_search.cofiring import CoFiring, count_by_fold
from scopesift_classifiers.rule_search.found_rules import FoundRules, Search
from scopesift_classifiers.rule_search.ranking import WHOLE, Ranking, rank

LEVELS = (0.0, 0.3, 0.6, 0.85)
MOST_RANKED = 512
TOLERANCE = 0.004
"""Minimum gain of dev accuracy for more features; fewer are more readable."""


@dataclass(frozen=True)
class LogOddsSettings:
    """Limits of the search.

    Attributes:
        per_class: Numbers of features per class to choose from, by dev accuracy.
        shrinkage: Shares of the mean variance to add to every feature's variance, chosen by dev accuracy.
    """

    per_class: tuple[int, ...] = (8, 16, 32, 64)
    shrinkage: tuple[float, ...] = (0.1, 1.0)


@dataclass(frozen=True, eq=False)
class _Counted:
    """Counts for the searches of one fit and its cross-fits.

    Attributes:
        pairs: (column, threshold) of S features, sorted.
        by_fold: Counts over the fit rows of each fold.
        dev_fires_NS: Which features fire on which dev documents.
        dev_class_N: Their classes; -1 for a label without fit rows.
    """

    pairs: list[tuple[int, float]]
    by_fold: list[CoFiring]
    dev_fires_NS: NDArray[np.bool_]
    dev_class_N: NDArray[np.int64]


def rules_of_counts(counts: CoFiring, shrinkage: float) -> tuple[Rule, ...]:
    """Log-odds of every class, from rates and co-firing within classes; priors as counted.

    Args:
        counts: Firing and co-firing counts.
        shrinkage: Share of the mean variance that is added to the diagonal of the covariance; above 0.
    """
    rates_CS, covariance_SS = counts.rates(), counts.covariance()
    spread = max(float(np.diag(covariance_SS).mean()), 1e-6)
    covariance_SS[np.diag_indices_from(covariance_SS)] += shrinkage * spread
    weights_CS = np.linalg.solve(covariance_SS, rates_CS.T).T
    priors_C = counts.sizes_C / counts.sizes_C.sum()
    bias_C = np.log(priors_C) - 0.5 * (weights_CS * rates_CS).sum(axis=1)
    # weights are centred over classes, which changes no decision; their sign then means for or against
    weights_CS = weights_CS - weights_CS.mean(axis=0)
    bias_C = bias_C - bias_C.mean()
    return tuple(
        Rule(
            LOG_ODDS,
            weights=tuple(round(float(weight), 3) for weight in weights_S),
            bias=round(float(bias), 3),
        )
        for weights_S, bias in zip(weights_CS, bias_C, strict=True)
    )


def search_log_odds(
    fit: Table,
    labels_fit: Sequence[str],
    dev: Table,
    labels_dev: Sequence[str],
    settings: LogOddsSettings,
    *,
    fold_N: NDArray[np.int64] | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Search:
    """Choose the number of features per class by dev accuracy, on ties the smaller. One rule per class, sorted.

    Args:
        fit: Document features to count on.
        labels_fit: Their labels.
        dev: Document features for choosing the number.
        labels_dev: Their labels.
        settings: The numbers to try.
        fold_N: Folds of the fit rows, for rules without each fold; None: no such rules. All classes must remain without
            each fold.
        on_step: Called with one line per number.

    Raises:
        InputError: No feature fires more in one class than in the others.
    """
    if not settings.per_class or not settings.shrinkage:
        raise ValueError("settings.per_class or settings.shrinkage is empty; give at least one number each")
    classes = sorted(set(labels_fit))
    class_N = class_numbers(labels_fit, classes)
    rankings = rank(
        fit, class_N, len(classes), LEVELS, limit=max(*settings.per_class, MOST_RANKED), fold_N=fold_N
    )
    folds = sorted({fold for fold, _ in rankings})
    features = {
        (fold, per_class): _features([rankings[fold, one] for one in range(len(classes))], per_class)
        for fold, per_class in product(folds, settings.per_class)
    }
    if not all(features.values()):
        raise InputError("no feature tells any label from the rest; give more rows or another scope")
    pairs = sorted(set().union(*features.values()))
    columns = tuple(column for column, _ in pairs)
    cuts_S = np.array([threshold for _, threshold in pairs], dtype=np.float32)
    tables = _Counted(
        pairs,
        count_by_fold(
            fit,
            columns,
            cuts_S,
            class_N,
            len(classes),
            np.zeros(len(class_N), dtype=np.int64) if fold_N is None else fold_N,
        ),
        np.concatenate([firing(acts_BS, cuts_S) for _, acts_BS in dense_pieces(dev, columns)]),
        class_numbers(labels_dev, classes),
    )

    def search(fold: int, report: Callable[[str], None] | None) -> FoundRules:
        chosen = {per_class: features[fold, per_class] for per_class in settings.per_class}
        return _best_number(tables, fold, chosen, settings, report)

    return Search(
        search(WHOLE, on_step),
        tuple(search(fold, None) for fold in folds if fold != WHOLE),
        details={"log_odds": asdict(settings)},
    )


def class_numbers(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Index of each label in `classes`, `[N]`; -1 if missing."""
    place = {name: number for number, name in enumerate(classes)}
    return np.array([place.get(label, -1) for label in labels], dtype=np.int64)


def _best_number(
    tables: _Counted,
    fold: int,
    features: dict[int, set[tuple[int, float]]],
    settings: LogOddsSettings,
    report: Callable[[str], None] | None,
) -> FoundRules:
    counts = tables.by_fold[0]
    for more in tables.by_fold[1:]:
        counts = counts + more
    if fold != WHOLE:
        counts = counts - tables.by_fold[fold]
    best: FoundRules | None = None
    for per_class in settings.per_class:
        places = np.array(
            [at for at, pair in enumerate(tables.pairs) if pair in features[per_class]], dtype=int
        )
        own, fires_NS = counts.of(places), tables.dev_fires_NS[:, places]
        for shrinkage in settings.shrinkage:
            rules = rules_of_counts(own, shrinkage)
            likeliest_N = log_odds_margins(rules, fires_NS).argmax(axis=1)
            accuracy = float((likeliest_N == tables.dev_class_N).mean())
            if report is not None:
                report(
                    f"{counted(len(places), 'feature')}, shrinkage {shrinkage:g}: dev accuracy {accuracy:.3f}"
                )
            if best is None or accuracy >= best.dev_objective + TOLERANCE:
                columns, thresholds = zip(*(tables.pairs[place] for place in places), strict=True)
                best = FoundRules(columns, thresholds, rules, dev_objective=accuracy)
    if best is None:
        raise ValueError("no number of features to try")
    return best


def _features(rankings: Sequence[Ranking], per_class: int) -> set[tuple[int, float]]:
    """The first features of every class, without duplicates: with the threshold of the first class that has it."""
    thresholds: dict[int, float] = {}
    for ranking in rankings:
        for column, threshold in _with_thresholds(ranking.first(per_class)):
            thresholds.setdefault(column, threshold)
    return set(thresholds.items())


def _with_thresholds(ranking: Ranking) -> list[tuple[int, float]]:
    return list(zip(ranking.columns_R.tolist(), ranking.best_thresholds().tolist(), strict=True))
