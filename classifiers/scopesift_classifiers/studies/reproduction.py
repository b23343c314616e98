"""The toxicity study of the Qwen-Scope report (section 5), with its own protocol and with choices on dev rows.

The report's: on balanced discovery rows, features of one layer are ranked by firing-rate difference between toxic and
other texts; a text is toxic if any of the K best fires; layer and K are the best *on the test rows*. Ours: the same
rule, but layer and K are chosen on dev rows by macro-F1, and the test rows are only measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.norm_bounds import bounded
from scopesift_features.scope import Scope

from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.labelled_rows.sampling import split_dev
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.rule_search.paper import K_CHOICES
from scopesift_classifiers.studies.reproduction_counts import Columns, read_columns, read_firing_deltas
from scopesift_classifiers.studies.reproduction_data import (
    POSITIVE,
    StudyRows,
    find_languages,
    read_study_rows,
)

SOURCE = "en"
MOST_LAYERS = 5
FEW_SHARE, FEW_DRAWS = 0.1, 5
ALL, FIT = "all", "fit"
METRICS = ("f1", "macro_f1", "balanced_accuracy", "precision", "recall")

Ranking = NDArray[np.int64]
"""The best features of every layer, `[layers, max(K_CHOICES)]`, best first."""


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts on the discovery rows of a language.

    Attributes:
        rankings: By set of rows (all, those of our protocol, draws of a tenth): the best features.
        tops_L: On all rows, the largest firing-rate difference of each layer ("top1").
    """

    rankings: dict[str, Ranking]
    tops_L: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Firing:
    """Which features of any ranking fire on which texts of one split.

    Attributes:
        fires: By layer, `[N, columns]`.
        columns: By layer, the features, ascending.
        truth_N: Which texts are toxic.
    """

    fires: dict[int, NDArray[np.bool_]]
    columns: Columns
    truth_N: NDArray[np.bool_]

    def any_of(self, layer: int, features: NDArray[np.int64]) -> BinaryMetrics:
        """The OR rule over features of one layer."""
        places = np.searchsorted(self.columns[layer], features)
        return BinaryMetrics.of(self.truth_N, self.fires[layer][:, places].any(axis=1))

    def any_layer(self, layers: Sequence[int], features: Sequence[int]) -> BinaryMetrics:
        """The OR rule over one feature of each of several layers."""
        found_N = np.zeros(len(self.truth_N), dtype=bool)
        for layer, feature in zip(layers, features, strict=True):
            found_N |= self.fires[layer][:, np.searchsorted(self.columns[layer], feature)]
        return BinaryMetrics.of(self.truth_N, found_N)


def reproduce(
    scope: Scope,
    data: Path,
    *,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Run the study.

    Args:
        scope: The scope; all layers with an SAE are read.
        data: A folder as `reproduction_data.find_languages` describes it.
        cache: Cache of document features; None: no cache, since every layer of a large scope would fill it.
        on_progress: Called with (texts read, all texts).

    Returns:
        JSON values; docs/transfer.md describes every key.

    Raises:
        UsageError: The folder holds no such data.
        InputError: Unreadable rows.
    """
    study = {lang: read_study_rows(lang, paths) for lang, paths in find_languages(data).items()}
    scope = bounded(scope, study[SOURCE].discovery.texts, scope.layers)
    total = sum(len(rows.discovery) + len(rows.dev) + len(rows.test) for rows in study.values())
    done = 0

    def read(texts: int) -> None:
        nonlocal done
        done += texts
        if on_progress is not None:
            on_progress(done, total)

    counted = {lang: _count(scope, rows, read, cache) for lang, rows in study.items()}
    languages = {}
    for lang, rows in study.items():
        columns = _columns(scope, counted[lang], counted[SOURCE])
        dev, test = (
            Firing(read_columns(scope, part.texts, columns, read, cache), columns, _toxic(part.labels))
            for part in (rows.dev, rows.test)
        )
        languages[lang] = _measure(scope.layers, rows, counted[lang], dev, test)
        # choices on English: on its test rows in the report's protocol, on its dev rows in ours
        if lang == SOURCE:
            own = languages[lang]["ours"]
            chosen = scope.layers.index(own["layer"]), own["k"]
        languages[lang]["from_en"] = {
            "report": _best_on(test, scope.layers, counted[SOURCE].rankings[ALL]),
            "ours": _at(test, scope.layers, counted[SOURCE].rankings[FIT], *chosen),
        }
    return {
        "study": "qwen-scope-toxicity",
        "scope": scope.fingerprint,
        "layers": list(scope.layers),
        "norm_bounds": list(scope.norm_bounds.values()),
        "k": list(K_CHOICES),
        "source": SOURCE,
        "languages": languages,
        "macro": _macro(languages),
    }


def _count(
    scope: Scope, rows: StudyRows, on_text: Callable[[int], None], cache: FeatureCache | None
) -> Counted:
    everything_N = np.ones(len(rows.discovery), dtype=bool)
    subsets = {ALL: everything_N, FIT: rows.fit_N}
    for seed in range(FEW_DRAWS):
        tenth = split_dev(rows.discovery, FEW_SHARE, seed=seed)[1]
        subsets[_draw(seed)] = np.isin(np.arange(len(rows.discovery)), tenth)
    positive_N = _toxic(rows.discovery.labels)
    deltas = read_firing_deltas(scope, rows.discovery.texts, positive_N, subsets, on_text, cache)
    best = {
        name: np.argsort(-delta_LF, axis=1, kind="stable")[:, : max(K_CHOICES)].astype(np.int64)
        for name, delta_LF in deltas.items()
    }
    return Counted(best, deltas[ALL].max(axis=1))


def _draw(seed: int) -> str:
    return f"tenth {seed}"


def _columns(scope: Scope, own: Counted, source: Counted) -> Columns:
    """Features that any ranking of the language or of the source names, by layer."""
    rankings = [*own.rankings.values(), *source.rankings.values()]
    return {
        layer: np.unique(np.concatenate([ranking[place] for ranking in rankings]))
        for place, layer in enumerate(scope.layers)
    }


def _measure(
    layers: Sequence[int], rows: StudyRows, counted: Counted, dev: Firing, test: Firing
) -> dict[str, Any]:
    whole, fit = counted.rankings[ALL], counted.rankings[FIT]
    place, k = _best(dev, layers, fit, "macro_f1")
    draws = [counted.rankings[_draw(seed)] for seed in range(FEW_DRAWS)]
    top = int(counted.tops_L.argmax())
    return {
        "rows": {"discovery": len(rows.discovery), "dev": len(rows.dev), "test": len(rows.test)},
        "top1": {str(layer): round(float(top), 4) for layer, top in zip(layers, counted.tops_L, strict=True)},
        "report": _best_on(test, layers, whole),
        "report_by_k": {str(k): _best_on(test, layers, whole, (k,)) for k in K_CHOICES},
        "top1_diff": {str(k): _at(test, layers, whole, top, k) for k in K_CHOICES},
        "multi_layer": _multi_layer(layers, counted, whole, dev, test),
        "ours": _at(test, layers, fit, place, k),
        # F1 of flagging everything
        "always_toxic": _numbers(BinaryMetrics.of(test.truth_N, np.ones(len(test.truth_N), dtype=bool))),
        "tenth": {
            "rows": round(FEW_SHARE * len(rows.discovery)),
            "report": [_best_on(test, layers, ranking)["f1"] for ranking in draws],
            "ours": [
                _at(test, layers, ranking, *_best(dev, layers, ranking, "macro_f1"))["macro_f1"]
                for ranking in draws
            ],
        },
    }


def _multi_layer(
    layers: Sequence[int], counted: Counted, whole: Ranking, dev: Firing, test: Firing
) -> dict[str, Any]:
    """One feature of each of the m layers with the largest top1-diff, with m chosen on test rows and on dev rows."""
    order = np.argsort(-counted.tops_L, kind="stable")[:MOST_LAYERS]

    best_layers, best_features = [layers[place] for place in order], [int(whole[place, 0]) for place in order]

    def rule(firing: Firing, m: int) -> BinaryMetrics:
        return firing.any_layer(best_layers[:m], best_features[:m])

    def measured(m: int) -> dict[str, Any]:
        chosen = {"layers": best_layers[:m], "features": best_features[:m]}
        return {"m": m, **chosen, **_numbers(rule(test, m))}

    sizes = range(1, len(order) + 1)
    by_test = max(sizes, key=lambda m: (rule(test, m).f1, -m))
    by_dev = max(sizes, key=lambda m: (rule(dev, m).macro_f1, -m))
    return {
        "report": measured(by_test),
        "ours": measured(by_dev),
    }


def _best(
    firing: Firing, layers: Sequence[int], ranking: Ranking, metric: str, ks: Sequence[int] = K_CHOICES
) -> tuple[int, int]:
    """Index of the layer and K with the best metric; on ties the shallowest layer and the smallest K."""
    grid = [(place, k) for place in range(len(layers)) for k in ks]
    scores = [getattr(firing.any_of(layers[place], ranking[place, :k]), metric) for place, k in grid]
    return grid[int(np.argmax(scores))]


def _best_on(
    test: Firing, layers: Sequence[int], ranking: Ranking, ks: Sequence[int] = K_CHOICES
) -> dict[str, Any]:
    """The report's choice: layer and K with the best F1 on the measured rows themselves."""
    return _at(test, layers, ranking, *_best(test, layers, ranking, "f1", ks))


def _at(test: Firing, layers: Sequence[int], ranking: Ranking, place: int, k: int) -> dict[str, Any]:
    features = ranking[place, :k]
    measured = test.any_of(layers[place], features)
    return {"layer": layers[place], "k": k, "features": features.tolist(), **_numbers(measured)}


def _numbers(measured: BinaryMetrics) -> dict[str, float]:
    return {name: round(float(getattr(measured, name)), 4) for name in METRICS}


def _macro(languages: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Means over languages, and the share of the best F1 that a tenth of the rows keeps, as the report counts."""

    def mean(values: Sequence[float]) -> float:
        return round(float(np.mean(values)), 4)

    parts = list(languages.values())
    best = mean([one["report"]["f1"] for one in parts])
    best_few = mean([float(np.mean(one["tenth"]["report"])) for one in parts])
    ours = mean([one["ours"]["macro_f1"] for one in parts])
    ours_few = mean([float(np.mean(one["tenth"]["ours"])) for one in parts])
    return {
        "report_f1": best,
        "report_f1_at_tenth": best_few,
        "report_kept_at_tenth": round(best_few / max(best, 1e-9), 4),
        "ours_macro_f1": ours,
        "ours_macro_f1_at_tenth": ours_few,
        "ours_kept_at_tenth": round(ours_few / max(ours, 1e-9), 4),
        "always_toxic_f1": mean([one["always_toxic"]["f1"] for one in parts]),
    }


def _toxic(labels: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([label == POSITIVE for label in labels], dtype=bool)
