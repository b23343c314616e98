"""Fitting: labelled text in, classifier out. Counting and searching only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.document_features import document_features
from scopesift_features.errors import InputError, UsageError
from scopesift_features.scope import Scope

from scopesift_classifiers.calibration import Calibration, calibrate, cross_fitted_margins
from scopesift_classifiers.classifier import BINARY, MANY, Classifier
from scopesift_classifiers.counting import FeatureTable
from scopesift_classifiers.decision import Decision, posterior_odds
from scopesift_classifiers.feature_names import name_features
from scopesift_classifiers.greedy import FoundRule, GreedySettings, search_rule
from scopesift_classifiers.labelled_text import LabelledText
from scopesift_classifiers.log_odds import LogOddsSettings, search_log_odds
from scopesift_classifiers.paper import paper_rule
from scopesift_classifiers.rule import Rule, RuleFeature
from scopesift_classifiers.sampling import deal_folds

PRESETS = ("greedy", "paper")
FOLDS = 3
LEAST_ROWS = 8


@dataclass(frozen=True)
class FitSettings:
    """How a classifier is fitted.

    Attributes:
        preset: "greedy", or "paper" for the Qwen-Scope report's recipe; binary classifiers only.
        positive: The label that a binary classifier looks for.
        unknown: What a many-class classifier answers when nothing speaks.
        max_layer: Deepest layer that may be read, for speed; None: all.
        greedy: Extent of the greedy search.
        log_odds: Extent of the many-class search.
    """

    preset: str = "greedy"
    positive: str = "toxic"
    unknown: str = "other"
    max_layer: int | None = None
    greedy: GreedySettings = field(default_factory=GreedySettings)
    log_odds: LogOddsSettings = field(default_factory=LogOddsSettings)

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise UsageError(f"preset must be one of {', '.join(PRESETS)}, got {self.preset!r}")


def read_table(
    scope: Scope,
    texts: Sequence[str],
    *,
    max_layer: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> FeatureTable:
    """All active features of texts, over all layers that the scope has up to `max_layer`.

    Raises:
        UsageError: No layer is left.
    """
    layers = [layer for layer in scope.layers if max_layer is None or layer <= max_layer]
    if not layers:
        raise UsageError(
            f"max layer {max_layer} leaves none of the layers {list(scope.layers)} of {scope.id}"
        )
    return FeatureTable.of(document_features(scope, texts, layers, on_progress=on_progress))


def fit_classifier(
    name: str,
    scope: Scope,
    train: LabelledText,
    dev: LabelledText,
    settings: FitSettings,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Classifier:
    """Fit a classifier: binary when there are two labels and one of them is `settings.positive`, else many-class.

    Args:
        name: What its verdicts are filed under.
        scope: The scope to read with.
        train: Rows that features and thresholds are chosen on.
        dev: Rows that decide how many features are kept.
        settings: Preset and extent.
        on_progress: Called with (texts read, all texts).
        say: Receives a line a step.

    Raises:
        InputError: Too few rows, one class only, or labels in dev that train does not have.
    """
    train.require_two_classes()
    dev.require_labels(train.classes)
    if min(len(train), len(dev)) < LEAST_ROWS:
        raise InputError(
            f"fitting needs at least {LEAST_ROWS} train and dev rows, got {len(train)} and {len(dev)}"
        )
    table = read_table(
        scope, [*train.texts, *dev.texts], max_layer=settings.max_layer, on_progress=on_progress
    )
    rows = np.arange(len(train) + len(dev))
    fit_table, dev_table = table.rows(rows[: len(train)]), table.rows(rows[len(train) :])
    binary = len(train.classes) == 2 and settings.positive in train.classes
    fit_decision = fit_binary if binary else fit_many
    decision, details = fit_decision(fit_table, train, dev_table, dev, settings, say)
    names = name_features(
        scope,
        [
            text
            for text, label in zip(train.texts, train.labels, strict=True)
            if not binary or label == settings.positive
        ],
        [(item.layer, item.index) for item in decision.features],
    )
    negative = next((label for label in train.classes if label != settings.positive), settings.unknown)
    return Classifier(
        name=name,
        kind=BINARY if binary else MANY,
        unknown=negative if binary else settings.unknown,
        scope=scope.fingerprint,
        settings=scope.settings,
        default=_named(decision, names),
        fit={
            "train": {"rows": len(train), "sha256": train.fingerprint()},
            "dev": {"rows": len(dev), "sha256": dev.fingerprint()},
            "labels": {label: train.labels.count(label) for label in train.classes},
            **details,
        },
    )


def fit_binary(
    fit_table: FeatureTable,
    train: LabelledText,
    dev_table: FeatureTable,
    dev: LabelledText,
    settings: FitSettings,
    say: Callable[[str], None] | None,
) -> tuple[Decision, dict[str, Any]]:
    """A rule for the positive label, calibrated on margins of fits that left a fold out."""
    positive_fit, positive_dev = _is(train, settings.positive), _is(dev, settings.positive)

    def search(rows: NDArray[np.int64], report: Callable[[str], None] | None) -> FoundRule:
        part, positive = fit_table.rows(rows), positive_fit[rows]
        if settings.preset == "paper":
            return paper_rule(part, positive, dev_table, positive_dev)
        return search_rule(part, positive, dev_table, positive_dev, settings.greedy, report)

    def margins(found: FoundRule, table: FeatureTable) -> NDArray[np.float64]:
        thresholds = np.array(found.thresholds, dtype=np.float32)
        return Rule(m=found.m).margins(table.dense(found.columns), thresholds)

    found = search(np.arange(len(train)), say)
    if not found.columns:
        raise InputError(
            f"no feature tells {settings.positive!r} from the rest on the dev rows; give more rows or another scope"
        )
    held_out = cross_fitted_margins(
        lambda rows, held: margins(search(rows, None), fit_table.rows(held)), deal_folds(train, FOLDS)
    )
    calibration = calibrate(held_out, positive_fit)
    decision = Decision(
        features=_features(fit_table, found.columns, found.thresholds),
        rules={settings.positive: Rule(m=found.m)},
        calibration=calibration,
        cut=float(calibration.apply(np.array(1.0))),
    )
    details: dict[str, Any] = {"preset": settings.preset, "dev_macro_f1": round(found.dev_macro_f1, 4)}
    if settings.preset == "greedy":
        details["greedy"] = asdict(settings.greedy)
    return decision, details


def fit_many(
    fit_table: FeatureTable,
    train: LabelledText,
    dev_table: FeatureTable,
    dev: LabelledText,
    settings: FitSettings,
    say: Callable[[str], None] | None,
) -> tuple[Decision, dict[str, Any]]:
    """Log-odds rules for all labels; calibrated to the probability that a label is right, on held-out folds."""
    found = search_log_odds(fit_table, train.labels, dev_table, dev.labels, settings.log_odds, say)
    classes = list(found.rules)
    fold_N = deal_folds(train, FOLDS)
    odds_NC = np.zeros((len(train), len(classes)))
    for fold in range(FOLDS):
        rows, held = np.flatnonzero(fold_N != fold), np.flatnonzero(fold_N == fold)
        part = search_log_odds(
            fit_table.rows(rows),
            [train.labels[row] for row in rows],
            dev_table,
            dev.labels,
            settings.log_odds,
        )
        acts, cuts = fit_table.rows(held).dense(part.columns), np.array(part.thresholds, dtype=np.float32)
        odds_NC[held] = posterior_odds(
            np.stack([part.rules[name].margins(acts, cuts) for name in classes], axis=1)
        )
    right_NC = np.array(train.labels)[:, None] == np.array(classes)[None, :]
    calibration: Calibration = calibrate(odds_NC.ravel(), right_NC.ravel())
    decision = Decision(
        features=_features(fit_table, found.columns, found.thresholds),
        rules=found.rules,
        calibration=calibration,
        cut=0.0,
    )
    details = {
        "preset": "log_odds",
        "dev_accuracy": round(found.dev_accuracy, 4),
        "log_odds": asdict(settings.log_odds),
    }
    return decision, details


def _features(
    table: FeatureTable, columns: Sequence[int], thresholds: Sequence[float]
) -> tuple[RuleFeature, ...]:
    pairs = [table.name(column) for column in columns]
    return tuple(
        RuleFeature(layer, index, float(np.format_float_positional(np.float32(threshold), trim="0")))
        for (layer, index), threshold in zip(pairs, thresholds, strict=True)
    )


def _named(decision: Decision, names: Sequence[str]) -> Decision:
    features = tuple(
        RuleFeature(item.layer, item.index, item.threshold, name)
        for item, name in zip(decision.features, names, strict=True)
    )
    return Decision(features, decision.rules, decision.calibration, decision.cut)


def _is(rows: LabelledText, label: str) -> NDArray[np.bool_]:
    return np.array([own == label for own in rows.labels], dtype=bool)
