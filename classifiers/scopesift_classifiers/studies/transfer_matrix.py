"""Transfer of a classifier to all languages: without labels, with shares of them, and with all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scopesift_features.scope import Scope

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.studies.learning_curve import DRAWS, SHARES, learning_curve, read_language
from scopesift_classifiers.studies.transfer_reasons import CARRIES, explain_transfer, transfer_facts
from scopesift_classifiers.transfer.transfer import TransferSettings

TENTH = "0.1"


def transfer_matrix(
    classifier: Classifier,
    language: Classifier | None,
    scope: Scope,
    data: Mapping[str, tuple[LabelledText, LabelledText]],
    *,
    shares: Sequence[float] = SHARES,
    draws: int = DRAWS,
    settings: TransferSettings | None = None,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Measure transfer to every language.

    Args:
        classifier: The classifier to transfer.
        language: The language classifier for routing; None: the stated languages are used.
        scope: The scope of both.
        data: Train and test rows by language.
        shares: Shares of the train rows.
        draws: Number of draws per share.
        settings: Limits of the search.
        cache: Cache of document features.
        on_progress: Called with (texts read, all texts) of a language.
        say: Called with one line per step.

    Returns:
        JSON values; docs/transfer.md describes every key.
    """
    curves: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for lang, (train, test) in data.items():
        rows = read_language(
            classifier, language, scope, lang, train, test, cache=cache, on_progress=on_progress
        )
        curves[lang] = learning_curve(
            classifier, rows, shares=shares, draws=draws, settings=settings, say=say
        )
        facts[lang] = transfer_facts(classifier, rows, curves[lang])
    return {
        "classifier": {"name": classifier.name, "version": classifier.version},
        "scope": scope.fingerprint,
        "languages": list(data),
        "train_rows": {lang: len(train) for lang, (train, _) in data.items()},
        **{
            key: {lang: curve[key] for lang, curve in curves.items()}
            for key in ("test_rows", "routed", "zero_shot", "few", "full")
        },
        "facts": facts,
        "why": {
            lang: explain_transfer(lang, curves[lang]["zero_shot"]["balanced_accuracy"], facts[lang])
            for lang in data
        },
        "summary": summarise(curves),
    }


def summarise(curves: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Means over languages, and the share of the gain of all labels that a tenth of them keeps.

    Returns:
        `{"shares": {share: {"languages": n, "transfer": {metric: mean}, "tfidf": …, "strategies": {name: …}}},
        "kept_at_tenth": {"by_lang": {lang: kept}, "macro": mean, "left_out": [languages whose full fit is under
        `CARRIES`]}}`; kept = (balanced accuracy at 10% - .5) / (balanced accuracy with all labels - .5).
    """
    shares: dict[str, Any] = {}
    for share in sorted({share for curve in curves.values() for share in curve["few"]}, key=float):
        points = [curve["few"][share] for curve in curves.values() if share in curve["few"]]
        strategies = [
            name for name in points[0]["strategies"] if all(name in p["strategies"] for p in points)
        ]
        shares[share] = {
            "languages": len(points),
            "transfer": _means(points),
            "tfidf": _means([point["tfidf"] for point in points]),
            "strategies": {
                name: _means([point["strategies"][name] for point in points]) for name in strategies
            },
        }
    kept = {}
    left_out = []
    for lang, curve in curves.items():
        if curve["full"] is None or TENTH not in curve["few"]:
            continue
        full = curve["full"]["balanced_accuracy"]
        if full < CARRIES:
            left_out.append(lang)
            continue
        tenth = float(np.mean(curve["few"][TENTH]["balanced_accuracy"]))
        kept[lang] = round((tenth - 0.5) / (full - 0.5), 4)
    macro = round(float(np.mean(list(kept.values()))), 4) if kept else None
    return {"shares": shares, "kept_at_tenth": {"by_lang": kept, "macro": macro, "left_out": left_out}}


def _means(points: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean over languages of the mean over draws, and the mean standard deviation over draws."""
    found = {}
    for metric in ("macro_f1", "balanced_accuracy"):
        found[metric] = round(float(np.mean([np.mean(point[metric]) for point in points])), 4)
        found[f"{metric}_spread"] = round(float(np.mean([np.std(point[metric]) for point in points])), 4)
    return found
