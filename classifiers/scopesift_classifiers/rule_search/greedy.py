"""Greedy search for a short rule: (feature, threshold) pairs are added while the dev objective improves.

No gradient descent: candidates come from firing-rate differences, and every step computes the objective after adding
each pair. With weak features, positive-class F1 leads to flagging everything; macro-F1 is the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scopesift_files.counted import counted

from scopesift_classifiers.artifact.rule import Rule
from scopesift_classifiers.feature_tables.counting import Table, threshold_grid
from scopesift_classifiers.measuring.metrics import Floats
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.firing_bits import FiringBits
from scopesift_classifiers.rule_search.found_rules import MOST_CANDIDATES, FoundRules, Search
from scopesift_classifiers.rule_search.ranking import WHOLE, Ranking, rank

LEVELS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9)
FINE_LEVELS = tuple(level / 32 for level in range(32))
FINE_CANDIDATES = 64
"""The best candidates have more thresholds to choose from; for all of them that would be too slow."""
SMALLEST_GAIN = 1e-9

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class GreedySettings:
    """Limits of the search.

    Attributes:
        max_features: Maximum features of the rule.
        candidates: Number of candidate features, those with the largest firing-rate difference at any threshold.
        at_least: Values of m to try: the rule fires if m of its features fire.
        patience: Steps without improvement on dev after which the search stops.
    """

    max_features: int = 16
    candidates: int = 400
    at_least: tuple[int, ...] = (1, 2, 3)
    patience: int = 4


@dataclass(frozen=True, eq=False)
class _Pairs:
    """All candidate (feature, threshold) pairs, and the documents on which they fire."""

    columns_P: NDArray[np.int64]
    thresholds_P: NDArray[np.float32]
    fine_P: Flags
    fit: FiringBits
    dev: FiringBits

    def allowed(self, ranking: Ranking) -> Flags:
        """Pairs of a ranking's features: its first ones with fine thresholds, the others with coarse ones."""
        fine = np.isin(self.columns_P, ranking.columns_R[:FINE_CANDIDATES])
        coarse = np.isin(self.columns_P, ranking.columns_R[FINE_CANDIDATES:])
        return (fine & self.fine_P) | (coarse & ~self.fine_P)


@dataclass(frozen=True, eq=False)
class _Truth:
    """The documents by class."""

    positive_N: Flags
    negative_N: Flags


def search_greedy(
    fit: Table,
    positive_fit_N: Flags,
    dev: Table,
    positive_dev_N: Flags,
    settings: GreedySettings,
    *,
    objective: Objective | None = None,
    fold_N: NDArray[np.int64] | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Search:
    """Find the rule that is best on dev among the prefixes of one greedy path per m.

    Args:
        fit: Document features that pairs are chosen on.
        positive_fit_N: Which of them are positive.
        dev: Document features for choosing the number of pairs, and m.
        positive_dev_N: Which of them are positive.
        settings: Limits of the search.
        objective: The objective; None: macro-F1.
        fold_N: Folds of the fit rows, for rules without each fold; None: no such rules.
        on_step: Called with one line per m.

    Returns:
        The rules; on ties those with fewer pairs. Deterministic.
    """
    rankings = {
        fold: ranking.first(settings.candidates)
        for (fold, _), ranking in rank(
            fit,
            np.where(positive_fit_N, 0, 1),
            2,
            LEVELS,
            limit=max(settings.candidates, MOST_CANDIDATES),
            classes=(0,),
            fold_N=fold_N,
        ).items()
    }
    pairs = _candidate_pairs(fit, dev, rankings)
    goal = objective or Objective()
    dev_truth = _Truth(positive_dev_N, ~positive_dev_N)

    def search(fold: int, report: Callable[[str], None] | None) -> FoundRules:
        counts_N = np.ones(fit.n_documents, dtype=bool) if fold_N is None else fold_N != fold
        truth = _Truth(positive_fit_N & counts_N, ~positive_fit_N & counts_N)
        allowed_P = pairs.allowed(rankings[fold])
        return _best_path(pairs, allowed_P, truth, dev_truth, settings, goal, report)

    return Search(
        search(WHOLE, on_step),
        tuple(search(fold, None) for fold in sorted(rankings) if fold != WHOLE),
        tuple(rankings[WHOLE].columns_R[:MOST_CANDIDATES].tolist()),
        {"greedy": asdict(settings)},
    )


def _candidate_pairs(fit: Table, dev: Table, rankings: dict[int, Ranking]) -> _Pairs:
    """Pairs of all rankings' features, in the order of the whole fit's ranking."""
    grid = {
        int(column): ranking.grid_QR[:, place]
        for _, ranking in sorted(rankings.items())
        for place, column in enumerate(ranking.columns_R)
    }
    columns = list(grid)
    finest = {int(column) for ranking in rankings.values() for column in ranking.columns_R[:FINE_CANDIDATES]}
    acts_NS = fit.pick(columns)
    chosen = [place for place, column in enumerate(columns) if column in finest]
    fine_QS = threshold_grid(acts_NS[:, chosen], FINE_LEVELS)
    thresholds_S, fine = [np.unique(grid[column]) for column in columns], [False] * len(columns)
    # a feature's fine thresholds follow its coarse ones, like another column
    places = list(range(len(columns)))
    for row, place in enumerate(chosen):
        places.append(place)
        thresholds_S.append(np.unique(fine_QS[:, row]))
        fine.append(True)
    order = np.argsort(places, kind="stable")
    places = [places[at] for at in order]
    thresholds_S, fine = [thresholds_S[at] for at in order], [fine[at] for at in order]
    sizes = [len(thresholds) for thresholds in thresholds_S]
    return _Pairs(
        np.repeat(np.array([columns[place] for place in places], dtype=np.int64), sizes),
        np.concatenate([np.zeros(0, np.float32), *thresholds_S]),
        np.repeat(np.array(fine, dtype=bool), sizes),
        FiringBits.of(acts_NS[:, places], thresholds_S),
        FiringBits.of(dev.pick([columns[place] for place in places]), thresholds_S),
    )


def _best_path(
    pairs: _Pairs,
    allowed_P: Flags,
    truth: _Truth,
    dev_truth: _Truth,
    settings: GreedySettings,
    objective: Objective,
    report: Callable[[str], None] | None,
) -> FoundRules:
    best: FoundRules | None = None
    for m in settings.at_least:
        paths = [
            _one_path(pairs, allowed_P, truth, dev_truth, m, settings, (searched, objective))
            for searched in objective.searched()
        ]
        found = max(paths, key=lambda path: path.dev_objective)
        if report is not None:
            report(
                f"at least {m}: {counted(len(found.columns), 'feature')}, "
                f"dev {objective.describe()} {found.dev_objective:.3f}"
            )
        if best is None or found.dev_objective > best.dev_objective + SMALLEST_GAIN:
            best = found
    if best is None:
        raise ValueError("settings.at_least is empty; give at least one m")
    return best


def _one_path(
    pairs: _Pairs,
    allowed_P: Flags,
    truth: _Truth,
    dev_truth: _Truth,
    m: int,
    settings: GreedySettings,
    objectives: tuple[Objective, Objective],
) -> FoundRules:
    """One path for one m; `objectives` are that of the search on fit rows and that on dev rows."""
    objective, dev_objective = objectives
    chosen: list[int] = []
    best = _measured(pairs, chosen, m, dev_truth, dev_objective)
    since = 0
    room = min(settings.max_features, len(np.unique(pairs.columns_P[allowed_P])))
    while len(chosen) < room:
        # the first m - 1 pairs alone never fire the rule: they are chosen as for m = 1
        effective = min(m, len(chosen) + 1)
        chosen = _add_pair(pairs, allowed_P, truth, chosen, effective, objective)
        if len(chosen) < m:
            continue
        chosen = _retune(pairs, allowed_P, truth, chosen, m, objective)
        found = _measured(pairs, chosen, m, dev_truth, dev_objective)
        if found.dev_objective > best.dev_objective + SMALLEST_GAIN:
            best, since = found, 0
        else:
            since += 1
            if since >= settings.patience:
                break
    return best


def _gains(
    bits: FiringBits,
    pairs: NDArray[np.int64] | None,
    count_N: NDArray[np.int64],
    truth: _Truth,
    m: int,
    objective: Objective,
) -> Floats:
    """The objective after adding each pair; only documents with m - 1 firing features can change."""
    return objective.of_counts(*_counts(bits, pairs, count_N, truth, m))


def _counts(
    bits: FiringBits, pairs: NDArray[np.int64] | None, count_N: NDArray[np.int64], truth: _Truth, m: int
) -> Iterable[NDArray[np.int64]]:
    fired_N, near_N = count_N >= m, count_N == m - 1
    tp_P = int((fired_N & truth.positive_N).sum()) + bits.count(near_N & truth.positive_N, pairs)
    fp_P = int((fired_N & truth.negative_N).sum()) + bits.count(near_N & truth.negative_N, pairs)
    return tp_P, fp_P, int(truth.positive_N.sum()) - tp_P, int(truth.negative_N.sum()) - fp_P


def _measured(
    pairs: _Pairs, chosen: list[int], m: int, dev_truth: _Truth, objective: Objective
) -> FoundRules:
    fired_N = pairs.dev.fired(chosen) >= m
    tp, fp = int((fired_N & dev_truth.positive_N).sum()), int((fired_N & dev_truth.negative_N).sum())
    fn, tn = int(dev_truth.positive_N.sum()) - tp, int(dev_truth.negative_N.sum()) - fp
    return FoundRules(
        tuple(int(pairs.columns_P[pair]) for pair in chosen),
        tuple(float(pairs.thresholds_P[pair]) for pair in chosen),
        (Rule(m=m),),
        bar=1.0,
        dev_objective=float(objective.of_counts(tp, fp, fn, tn)),
    )


def _add_pair(
    pairs: _Pairs, allowed_P: Flags, truth: _Truth, chosen: list[int], m: int, objective: Objective
) -> list[int]:
    gains_P = _gains(pairs.fit, None, pairs.fit.fired(chosen), truth, m, objective)
    gains_P[~allowed_P | np.isin(pairs.columns_P, pairs.columns_P[chosen])] = -np.inf
    return [*chosen, int(gains_P.argmax())]


def _retune(
    pairs: _Pairs, allowed_P: Flags, truth: _Truth, chosen: list[int], m: int, objective: Objective
) -> list[int]:
    """Set every chosen feature to its best threshold, given the others."""
    tuned = list(chosen)
    for place in range(len(tuned)):
        others_N = pairs.fit.fired(tuned[:place] + tuned[place + 1 :])
        same = np.flatnonzero((pairs.columns_P == pairs.columns_P[tuned[place]]) & allowed_P)
        gains = _gains(pairs.fit, same, others_N, truth, m, objective)
        if gains.max() > gains[int(np.flatnonzero(same == tuned[place])[0])] + SMALLEST_GAIN:
            tuned[place] = int(same[int(gains.argmax())])
    return tuned
