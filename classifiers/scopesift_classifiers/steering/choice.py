"""Which features stand for a classifier's label."""

from __future__ import annotations

import numpy as np
from scopesift_features.generating.intervention import Intervention
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import Classifier


def label_features(
    classifier: Classifier, label: str, top: int, *, layer: int | None = None
) -> list[tuple[int, int]]:
    """The features with the largest weight for a label in the default decision, as (layer, index).

    Args:
        classifier: the classifier.
        label: one of its labels.
        top: at most so many.
        layer: of this layer only; None: of all.

    Raises:
        UsageError: an unknown label, or one that no feature speaks for.
    """
    decision = classifier.default
    if label not in decision.rules:
        raise UsageError(f"{classifier.name} has no label {label!r}; it has {', '.join(decision.rules)}")
    # contributions at an activation of 1 are the weights, of rules by threshold 0 or 1
    ones_1S = np.maximum(decision.thresholds_S * 2, 1.0).astype(np.float32)[None]
    weight_S = decision.contributions(label, ones_1S)[0]
    order = [decision.feature_ids[at] for at in np.argsort(-weight_S, kind="stable") if weight_S[at] > 0]
    found = [feature for feature in order if layer in (None, feature[0])][:top]
    if not found:
        raise UsageError(f"no feature of {classifier.name} speaks for {label!r}; choose another label")
    return found


def label_interventions(
    classifier: Classifier, label: str, action: str, amount: float, top: int
) -> list[Intervention]:
    """One change of every feature in `label_features`.

    Args:
        classifier: the classifier.
        label: one of its labels.
        action: "boost", "clamp" or "suppress".
        amount: activation, for each feature.
        top: at most so many features.

    Raises:
        UsageError: as `label_features`, or an impossible amount.
    """
    return [
        Intervention(layer, index, action, amount) for layer, index in label_features(classifier, label, top)
    ]
