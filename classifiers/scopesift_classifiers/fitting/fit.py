"""Fitting of classifiers on labelled text, without gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.norm_bounds import bounded
from scopesift_features.restoring.restore import restored
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import BINARY, MANY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.name import check_name
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.counting import FeatureTable, Table
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.across_languages import fit_across_languages
from scopesift_classifiers.fitting.feature_names import TOP_TEXTS, name_features
from scopesift_classifiers.fitting.fit_rows import require_rows
from scopesift_classifiers.fitting.presets import check_preset, fit_decision, is_binary
from scopesift_classifiers.fitting.settings import PRESETS, FitSettings
from scopesift_classifiers.labelled_rows.languages import language_numbers
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows
from scopesift_classifiers.measuring.drift import firing_at_fit

__all__ = ["PRESETS", "FitSettings", "fit_classifier", "read_table"]

SMALL = 60_000
"""Up to so many texts times layers the table is in memory without checking its size."""
IN_MEMORY_BYTES = 1 << 30
"""Size on disk from which on the table stays on disk; in memory it takes about four times as much."""
NAMING_TEXTS = 3000


def read_table(
    scope: Scope,
    texts: Sequence[str],
    *,
    max_layer: int | None = None,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> FeatureTable:
    """Document features of texts in memory, for all layers of the scope up to `max_layer`.

    Args:
        scope: The scope.
        texts: N strings.
        max_layer: Deepest layer to read; None: all.
        cache: Cache of document features; None: no cache.
        on_progress: Called with (texts read, N).

    Raises:
        UsageError: No layer is left, or `max_layer` is deeper than all layers.
    """
    read = document_features if cache is None else cache.document_features
    return FeatureTable.of(read(scope, texts, layers_up_to(scope, max_layer), on_progress=on_progress))


def open_table(
    scope: Scope,
    texts: Sequence[str],
    *,
    max_layer: int | None = None,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Table:
    """As `read_table`, but a table that is too large for memory stays in the cache, if there is one."""
    layers = layers_up_to(scope, max_layer)
    if cache is not None and len(texts) * len(layers) > SMALL:
        stored = cache.stored(scope, texts, layers, on_progress=on_progress)
        if stored.stored_bytes() > IN_MEMORY_BYTES:
            return stored
    return read_table(scope, texts, max_layer=max_layer, cache=cache, on_progress=on_progress)


def layers_up_to(scope: Scope, max_layer: int | None) -> list[int]:
    """Layers of the scope up to `max_layer`.

    Raises:
        UsageError: No layer is left, or `max_layer` is deeper than all layers.
    """
    if max_layer is not None and max_layer > max(scope.layers):
        raise UsageError(
            f"max layer {max_layer} is deeper than the layers {list(scope.layers)} of {scope.id}; leave it out for all"
        )
    layers = [layer for layer in scope.layers if max_layer is None or layer <= max_layer]
    if not layers:
        raise UsageError(
            f"max layer {max_layer} leaves none of the layers {list(scope.layers)} of {scope.id}"
        )
    return layers


def fit_classifier(
    name: str,
    scope: Scope,
    train: LabelledText,
    dev: LabelledText,
    settings: FitSettings,
    *,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Classifier:
    """Fit a classifier: binary for two labels, one of which is `settings.positive`; many-label for more.

    Args:
        name: Name of the classifier.
        scope: The scope.
        train: Train rows.
        dev: Dev rows, which choose the number of features and the cut.
        settings: Preset and limits.
        cache: Cache of document features; `FeatureCache.default()` is the user's. Affects time only.
        on_progress: Called with (texts read, all texts).
        say: Called with one line per step.

    Raises:
        InputError: Too few rows, one class only, or labels in dev that train does not have.
        UsageError: Settings that are impossible or without effect for the scope or the data.
    """
    check_name(name)
    check_fit(train, dev, settings)
    scope, table = read_for_fit(scope, train, dev, settings, cache=cache, on_progress=on_progress)
    return fit_tables(name, scope, table, train, dev, settings, say=say)


def read_for_fit(
    scope: Scope,
    train: LabelledText,
    dev: LabelledText,
    settings: FitSettings,
    *,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Scope, Table]:
    """The scope with the norm bounds of the fit, and document features of the train rows, then of the dev rows.

    Args:
        scope: The scope.
        train: Train rows; norm bounds are measured on them.
        dev: Dev rows.
        settings: Deepest layer, and whether texts are restored.
        cache: Cache of document features.
        on_progress: Called with (texts read, all texts).

    Raises:
        UsageError: As `layers_up_to`.
    """
    fit_texts, dev_texts = (restored(rows.texts, settings.restore) for rows in (train, dev))
    scope = bounded(scope, fit_texts, layers_up_to(scope, settings.max_layer))
    texts = [*fit_texts, *dev_texts]
    return scope, open_table(scope, texts, max_layer=settings.max_layer, cache=cache, on_progress=on_progress)


def check_fit(train: LabelledText, dev: LabelledText, settings: FitSettings) -> None:
    """Check rows and settings before texts are read.

    Raises:
        InputError: As `require_rows`, or, if languages are left out, as `language_numbers`.
        UsageError: As `is_binary` and `check_preset`.
    """
    require_rows(train, dev)
    check_preset(settings, train, binary=is_binary(settings, train))
    if settings.leave_languages_out:
        language_numbers(join_rows([train, dev]))


def fit_tables(
    name: str,
    scope: Scope,
    table: Table,
    train: LabelledText,
    dev: LabelledText,
    settings: FitSettings,
    *,
    say: Callable[[str], None] | None = None,
) -> Classifier:
    """`fit_classifier` on the scope and the document features of `read_for_fit`."""
    rows = np.arange(len(train) + len(dev))
    fit_table, dev_table = table.rows(rows[: len(train)]), table.rows(rows[len(train) :])
    binary = is_binary(settings, train)
    if settings.leave_languages_out:
        decision, details = fit_across_languages(table.rows(rows), join_rows([train, dev]), settings, say)
    else:
        decision, details = fit_decision(fit_table, train, dev_table, dev, settings, say, binary=binary)
    negative = next((label for label in train.classes if label != settings.positive), settings.unknown)
    return Classifier(
        name=name,
        kind=BINARY if binary else MANY,
        unknown=negative if binary else settings.unknown,
        scope=scope.fingerprint,
        settings=scope.settings,
        norm_bounds=scope.norm_bounds,
        restore=settings.restore,
        default=_named(
            decision,
            scope,
            fit_table,
            train,
            settings.positive if binary else None,
            restore=settings.restore,
        ),
        fit={
            "train": {"rows": len(train), "sha256": train.fingerprint()},
            "dev": {"rows": len(dev), "sha256": dev.fingerprint()},
            "labels": {label: train.labels.count(label) for label in train.classes},
            "firing": firing_at_fit(fit_table, decision, train.labels),
            **details,
        },
    )


def _named(
    decision: Decision,
    scope: Scope,
    table: Table,
    train: LabelledText,
    positive: str | None,
    *,
    restore: bool,
) -> Decision:
    """The decision with names for its features."""
    if not decision.features:
        return decision
    allowed = np.array([positive is None or label == positive for label in train.labels])
    columns = columns_of(table, decision.feature_ids)
    each = max(4, min(TOP_TEXTS, NAMING_TEXTS // len(columns)))
    picked = table.pick(columns)
    rows: set[int] = set()
    for column in range(len(columns)):
        entries = slice(picked.indptr[column], picked.indptr[column + 1])
        documents, values = picked.indices[entries], picked.data[entries]
        documents, values = documents[allowed[documents]], values[allowed[documents]]
        rows.update(documents[np.lexsort((documents, -values))[:each]].tolist())
    texts = restored([train.texts[row] for row in sorted(rows)], restore)
    names = name_features(scope, texts, decision.feature_ids)
    features = tuple(replace(item, label=name) for item, name in zip(decision.features, names, strict=True))
    return replace(decision, features=features)
