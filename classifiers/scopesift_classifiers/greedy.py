"""Greedy search for a short rule: (feature, threshold) pairs are added while the dev split gains.

No gradient anywhere: candidates come from firing-rate differences, and every step counts what adding one pair
would do to macro-F1. Positive-class F1 as objective would learn to flag everything where features are weak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.counting import FeatureTable, firing_rates, rate_differences, threshold_grid
from scopesift_classifiers.metrics import macro_f1_of_counts

LEVELS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9)
FINE_LEVELS = tuple(level / 32 for level in range(32))
FINE_CANDIDATES = 64
"""The best candidates may choose among more thresholds; all with so many would cost more than they gain."""


@dataclass(frozen=True)
class GreedySettings:
    """How far the search goes.

    Attributes:
        max_features: Most features of the rule.
        candidates: Features that are looked at, the ones with the largest firing-rate difference at any threshold.
        at_least: Values of m to try: the rule fires when m of its features fire.
        patience: Steps without a dev gain after which the search stops.
    """

    max_features: int = 16
    candidates: int = 400
    at_least: tuple[int, ...] = (1, 2, 3)
    patience: int = 4


@dataclass(frozen=True, eq=False)
class FoundRule:
    """Columns of the feature table with thresholds, how many must fire, and what that gives on dev."""

    columns: tuple[int, ...]
    thresholds: tuple[float, ...]
    m: int
    dev_macro_f1: float


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Every candidate (feature, threshold) and which documents fire it."""

    columns_P: NDArray[np.int64]
    thresholds_P: NDArray[np.float32]
    fit_PN: NDArray[np.float32]
    dev_PN: NDArray[np.float32]


def search_rule(
    fit: FeatureTable,
    positive_fit_N: NDArray[np.bool_],
    dev: FeatureTable,
    positive_dev_N: NDArray[np.bool_],
    settings: GreedySettings,
    on_step: Callable[[str], None] | None = None,
) -> FoundRule:
    """Search the rule with the best dev macro-F1 among the prefixes of one greedy path for each m.

    Args:
        fit: Document features that pairs are chosen on.
        positive_fit_N: Which of them are positive.
        dev: Document features that decide how many pairs are kept, and m.
        positive_dev_N: Which of them are positive.
        settings: The search's extent.
        on_step: Receives a line for each m.

    Returns:
        The rule; fewer pairs win a tie. Deterministic.
    """
    pairs = _candidate_pairs(fit, positive_fit_N, dev, settings.candidates)
    best: FoundRule | None = None
    for m in settings.at_least:
        found = _one_path(pairs, positive_fit_N, positive_dev_N, m, settings)
        if on_step is not None:
            on_step(f"at least {m}: {len(found.columns)} features, dev macro-F1 {found.dev_macro_f1:.3f}")
        if best is None or found.dev_macro_f1 > best.dev_macro_f1 + 1e-9:
            best = found
    if best is None:
        raise ValueError("settings.at_least is empty; give at least one m")
    return best


def _candidate_pairs(
    fit: FeatureTable, positive_N: NDArray[np.bool_], dev: FeatureTable, candidates: int
) -> _Pairs:
    members_NC = np.stack([positive_N, ~positive_N], axis=1).astype(np.float32)
    grid_QF = threshold_grid(fit.acts_NF, LEVELS)
    delta_QF = rate_differences(firing_rates(fit.acts_NF, grid_QF, members_NC), members_NC)[:, 0]
    best_F = delta_QF.max(axis=0)
    chosen = np.argsort(-best_F, kind="stable")[:candidates]
    chosen = chosen[best_F[chosen] > 0]
    fit_NS, dev_NS = fit.dense(chosen.tolist()), dev.dense(chosen.tolist())
    fine_QS = threshold_grid(fit.acts_NF[:, chosen[:FINE_CANDIDATES]], FINE_LEVELS)
    columns, thresholds, fit_rows, dev_rows = [], [], [], []
    for position, column in enumerate(chosen.tolist()):
        fine = position < FINE_CANDIDATES
        for threshold in np.unique(fine_QS[:, position] if fine else grid_QF[:, column]):
            columns.append(column)
            thresholds.append(threshold)
            fit_rows.append((fit_NS[:, position] >= threshold) & (fit_NS[:, position] > 0))
            dev_rows.append((dev_NS[:, position] >= threshold) & (dev_NS[:, position] > 0))
    return _Pairs(
        np.array(columns, dtype=np.int64),
        np.array(thresholds, dtype=np.float32),
        np.array(fit_rows, dtype=np.float32).reshape(len(columns), len(fit_NS)),
        np.array(dev_rows, dtype=np.float32).reshape(len(columns), len(dev_NS)),
    )


def _gains(
    fires_PN: NDArray[np.float32], count_N: NDArray[np.float32], positive_N: NDArray[np.bool_], m: int
) -> NDArray[np.float64]:
    """Macro-F1 of the rule after adding each pair; documents one short of m are the ones that can change."""
    fired_N = count_N >= m
    near_N = count_N == m - 1
    tp_P = float((fired_N & positive_N).sum()) + fires_PN @ (near_N & positive_N).astype(np.float32)
    fp_P = float((fired_N & ~positive_N).sum()) + fires_PN @ (near_N & ~positive_N).astype(np.float32)
    n_positive, n_negative = float(positive_N.sum()), float((~positive_N).sum())
    return macro_f1_of_counts(tp_P, fp_P, n_positive - tp_P, n_negative - fp_P)


def _macro_f1(count_N: NDArray[np.float32], positive_N: NDArray[np.bool_], m: int) -> float:
    return float(_gains(np.zeros((1, len(count_N)), np.float32), count_N, positive_N, m)[0])


def _one_path(
    pairs: _Pairs,
    positive_fit_N: NDArray[np.bool_],
    positive_dev_N: NDArray[np.bool_],
    m: int,
    settings: GreedySettings,
) -> FoundRule:
    chosen: list[int] = []
    best = FoundRule((), (), m, _macro_f1(np.zeros(len(positive_dev_N), np.float32), positive_dev_N, m))
    since = 0
    while len(chosen) < settings.max_features and len(pairs.columns_P):
        # the first m - 1 additions fire nothing by themselves: they are chosen as if one were enough
        effective = min(m, len(chosen) + 1)
        chosen = _add_pair(pairs, positive_fit_N, chosen, effective)
        if chosen and len(chosen) >= m:
            chosen = _retune(pairs, positive_fit_N, chosen, m)
        if len(chosen) < m:
            continue
        dev_f1 = _macro_f1(pairs.dev_PN[chosen].sum(axis=0), positive_dev_N, m)
        if dev_f1 > best.dev_macro_f1 + 1e-9:
            best = FoundRule(
                tuple(int(pairs.columns_P[p]) for p in chosen),
                tuple(float(pairs.thresholds_P[p]) for p in chosen),
                m,
                dev_f1,
            )
            since = 0
        else:
            since += 1
            if since >= settings.patience:
                break
    return best


def _add_pair(pairs: _Pairs, positive_N: NDArray[np.bool_], chosen: list[int], m: int) -> list[int]:
    gains_P = _gains(pairs.fit_PN, pairs.fit_PN[chosen].sum(axis=0), positive_N, m)
    gains_P[np.isin(pairs.columns_P, pairs.columns_P[chosen])] = -1.0
    return [*chosen, int(gains_P.argmax())]


def _retune(pairs: _Pairs, positive_N: NDArray[np.bool_], chosen: list[int], m: int) -> list[int]:
    """Let every chosen feature move to its best threshold, given the others."""
    tuned = list(chosen)
    for place in range(len(tuned)):
        others = tuned[:place] + tuned[place + 1 :]
        same = np.flatnonzero(pairs.columns_P == pairs.columns_P[tuned[place]])
        gains = _gains(pairs.fit_PN[same], pairs.fit_PN[others].sum(axis=0), positive_N, m)
        if gains.max() > gains[int(np.flatnonzero(same == tuned[place])[0])] + 1e-9:
            tuned[place] = int(same[int(gains.argmax())])
    return tuned
