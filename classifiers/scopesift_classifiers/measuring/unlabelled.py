"""A classifier on texts without labels: shares of its labels, and drift from the fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.torch_reader import read_selected
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError
from scopesift_files.near_name import MOST_NAMES, near_name
from scopesift_files.row_readers.row import sound_rows
from scopesift_files.row_readers.rows import read_rows

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.splits import SplitRows, no_rows
from scopesift_classifiers.measuring.assessment import routed_verdicts
from scopesift_classifiers.measuring.drift import Drift, count_firing, measure_drift

NEEDS_LABELS = ("f1", "precision", "recall", "accuracy", "balanced_accuracy", "macro_f1")
NO_LABELS = "the file has no label column, so only drift can be measured"


@dataclass(frozen=True)
class UnlabelledText:
    """N texts and the name of their file."""

    texts: list[str]
    origin: str

    def fingerprint(self) -> str:
        """Hex sha256 of the set of texts, as `LabelledText.fingerprint`."""
        nothing: list[str | None] = [None] * len(self.texts)
        return LabelledText(
            self.texts, [""] * len(self.texts), nothing, nothing, origin=self.origin
        ).fingerprint()


def read_unlabelled(
    path: Path, *, text: str = "text", label: str = "label", split: str | None = None
) -> UnlabelledText | None:
    """Read the texts of a file in which no row has the label column; None if one has it.

    Args:
        path: JSONL, CSV or Parquet.
        text: Column that holds the text.
        label: The column that must be missing.
        split: Keep only rows of this split, see `SplitRows`; None keeps all.

    Raises:
        UsageError: There is no such file, or a column's name is similar to the label column's.
        InputError: The content doesn't match the extension, a text is missing, or there are no rows.
    """
    texts: list[str] = []
    columns: dict[str, None] = {}
    wanted = SplitRows(path, split)
    for row in sound_rows(read_rows(path)):
        if label in row.fields:
            return None
        if len(columns) < MOST_NAMES:
            columns.update(dict.fromkeys(row.fields))
        if row not in wanted:
            continue
        texts.append(row.with_text(text).sound().text)
    if not texts:
        raise no_rows(path, split, repr(text))
    near = near_name(label, tuple(columns))
    if near is not None:
        raise UsageError(
            f"{path.name}: there is no column {label!r}, but {near!r}; if it holds the labels, name it with "
            f"--label-column {near!r}, otherwise rename it"
        )
    return UnlabelledText(texts, path.name)


def assess_unlabelled(
    classifier: Classifier,
    scope: Scope,
    texts: list[str],
    *,
    fit_data: LabelledText | None = None,
    language: Classifier | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure drift and shares of labels.

    Args:
        classifier: The classifier.
        scope: Its scope.
        texts: N texts.
        fit_data: Rows to count the fit's firing rates on, for an artifact without them.
        language: See `assessment.full_assessment`.
        on_progress: Called with (texts read, N).

    Returns:
        `{"n", the metrics (None), "reason", "verdicts": {label: share}, "drift": see `Drift`}`.

    Raises:
        UsageError: The fit's firing rates are not available.
    """
    scope = classifier.bind(scope)
    reference = fit_reference(classifier, scope, fit_data)
    verdicts = routed_verdicts(classifier, scope, texts, language, on_progress=on_progress)
    counts = Counter(verdict.label for verdict in verdicts)
    acts_NS = read_selected(scope, classifier.as_read(texts), classifier.default.feature_ids).acts_NS
    drift = drift_of(classifier, reference, acts_NS)
    return {
        "n": len(texts),
        **dict.fromkeys(NEEDS_LABELS),
        "reason": NO_LABELS,
        "verdicts": {label: round(count / len(texts), 6) for label, count in counts.most_common()},
        "drift": drift.to_dict(),
    }


def drift_of(
    classifier: Classifier,
    reference: dict[str, Any],
    acts_NS: NDArray[np.float32],
    labels: Sequence[str] | None = None,
) -> Drift:
    """Drift of texts from activations of the default decision's features.

    Args:
        classifier: The classifier.
        reference: Firing counts of the fit.
        acts_NS: Activations of the default decision's features, in its order.
        labels: The texts' labels, if known; for a binary classifier all but the positive one are negative.
    """
    decision = classifier.default
    if labels is not None and classifier.kind == BINARY:
        labels = [label if label in classifier.labels else classifier.unknown for label in labels]
    return measure_drift(reference, decision.features, decision.fires(acts_NS), labels)


def fit_reference(
    classifier: Classifier, scope: Scope, fit_data: LabelledText | None = None
) -> dict[str, Any]:
    """Firing counts of the default features in the fit: from the artifact, or counted on `fit_data`.

    Raises:
        UsageError: Neither is available.
    """
    stored: dict[str, Any] | None = classifier.fit.get("firing")
    if stored is not None:
        return stored
    if fit_data is None:
        raise UsageError(
            f"classifier {classifier.name!r} does not hold the firing rates of its fit; give the rows of the fit "
            "with --fit-data, or fit it again"
        )
    acts_NS = read_selected(scope, classifier.as_read(fit_data.texts), classifier.default.feature_ids).acts_NS
    return count_firing(classifier.default.fires(acts_NS), fit_data.labels)
