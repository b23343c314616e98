"""How much each feature speaks for a label."""

from __future__ import annotations

import numpy as np
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import Classifier


def label_weights(classifier: Classifier, label: str) -> dict[tuple[int, int], float]:
    """What each feature of the default decision adds to a label's margin when it fires, by (layer, index).

    Of a linear rule that is the contribution at an activation of 1, of others that of a feature above its threshold.

    Args:
        classifier: the classifier.
        label: one of its labels.

    Raises:
        UsageError: an unknown label.
    """
    decision = classifier.default
    if label not in decision.rules:
        raise UsageError(f"{classifier.name} has no label {label!r}; it has {', '.join(decision.rules)}")
    firing_1S = np.maximum(decision.thresholds_S * 2, 1.0).astype(np.float32)[None]
    weight_S = decision.contributions(label, firing_1S)[0]
    return dict(zip(decision.feature_ids, weight_S.tolist(), strict=True))
