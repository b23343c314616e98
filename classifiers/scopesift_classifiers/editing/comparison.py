"""Two versions of a classifier on the same labelled texts: how good each is, and which verdicts differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scopesift_features.scope import Scope

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.metrics import BinaryMetrics, ManyClassMetrics

MOST_SHOWN = 50
DECIMALS = 4


def compare_versions(
    versions: tuple[Classifier, Classifier],
    scope: Scope,
    rows: LabelledText,
    *,
    others: Sequence[Classifier] = (),
    backend: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Verdicts of two versions on N labelled texts.

    Args:
        versions: The old and the new version of one classifier.
        scope: Their scope.
        rows: The texts; labels are the classifier's, or its unknown one.
        others: The language classifier, which routes texts to the rules of languages; empty: all use the default one.
        backend: As in `Engine`.
        on_progress: Called with (texts read, 2 N).

    Returns:
        `{"examples": N, "changed": how many verdicts have another label, "old" and "new": macro_f1, balanced_accuracy
        and accuracy, "verdicts": of the first `MOST_SHOWN` changed ones example (its place), label, old, new, old_score
        and new_score}`. It holds no text.

    Raises:
        InputError: A label that the classifier doesn't know.
        ScopeError: Another scope than theirs.
    """
    old, new = versions
    rows.require_labels([*old.labels, old.unknown])
    found: list[list[Verdict]] = []
    for version in versions:
        engine = Engine(scope, [version, *others], backend=backend)
        before = len(found) * len(rows)

        def told(done: int, _: int, before: int = before) -> None:
            if on_progress is not None:
                on_progress(before + done, 2 * len(rows))

        found.append([verdicts[old.name] for verdicts in engine.predict(rows.texts, on_progress=told)])
    changed = [
        {
            "example": at,
            "label": label,
            "old": before.label,
            "new": after.label,
            "old_score": round(before.score, DECIMALS),
            "new_score": round(after.score, DECIMALS),
        }
        for at, (label, before, after) in enumerate(zip(rows.labels, *found, strict=True))
        if before.label != after.label
    ]
    return {
        "examples": len(rows),
        "changed": len(changed),
        "old": _quality(old, rows, found[0]),
        "new": _quality(new, rows, found[1]),
        "verdicts": changed[:MOST_SHOWN],
    }


def _quality(classifier: Classifier, rows: LabelledText, verdicts: Sequence[Verdict]) -> dict[str, float]:
    truth_N, given_N = np.array(rows.labels), np.array([verdict.label for verdict in verdicts])
    metrics: BinaryMetrics | ManyClassMetrics
    if classifier.kind == BINARY:
        (positive,) = classifier.labels
        metrics = BinaryMetrics.of(truth_N == positive, given_N == positive)
    else:
        metrics = ManyClassMetrics.of(truth_N, given_N)
    return {
        "macro_f1": round(metrics.macro_f1, DECIMALS),
        "balanced_accuracy": round(metrics.balanced_accuracy, DECIMALS),
        "accuracy": round(metrics.accuracy, DECIMALS),
    }
