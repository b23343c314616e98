"""Classifiers for the full-size stand-in of `python -m bench filter`: random features, with realistic sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.classifier import BINARY, MANY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import LOG_ODDS, Rule, RuleFeature
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope

LABELS = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")
FEATURES = {"toxicity": 8, "language": 96}
TEXTS = ["abcdefghi jklm nopq " * 6, "The quick brown fox jumps over the lazy dog. " * 3, "12345 67890 " * 10]


def standin_classifiers(scope: Scope, layer: int | None = None) -> list[Classifier]:
    """A binary and a many-label classifier on one layer, with thresholds that texts reach.

    Args:
        scope: a stand-in.
        layer: the layer that they read; None: the shallowest layer that has an SAE.
    """
    layer = scope.layers[0] if layer is None else layer
    acts = document_features(scope, TEXTS, [layer]).acts[layer].toarray()
    rng = np.random.default_rng(0)
    active = np.flatnonzero((acts > 0).any(axis=0))
    chosen = rng.permutation(active)[: sum(FEATURES.values())]
    features = [
        RuleFeature(layer, int(at), float(np.median(acts[acts[:, at] > 0, at]))) for at in np.sort(chosen)
    ]
    calibration = Calibration((-10.0, 0.0, 1.0, 10.0), (0.01, 0.2, 0.5, 0.99), 0.5, 0.5)
    about: dict[str, Any] = {"scope": scope.fingerprint, "settings": scope.settings}
    few = Decision(tuple(features[: FEATURES["toxicity"]]), {"toxic": Rule(m=2)}, calibration, 0.5)
    many = tuple(features[FEATURES["toxicity"] :])
    rules = {
        label: Rule(LOG_ODDS, weights=tuple(float(value) for value in rng.normal(size=len(many))))
        for label in LABELS
    }
    return [
        Classifier("toxicity", BINARY, "clean", default=few, **about),
        Classifier("language", MANY, "und", default=Decision(many, rules, calibration, 0.05), **about),
    ]
