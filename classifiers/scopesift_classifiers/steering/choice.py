"""Which features stand for a classifier's label."""

from __future__ import annotations

from scopesift_features.generating.intervention import Intervention
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.label_weights import label_weights


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
    weights = label_weights(classifier, label)
    speaking = sorted(
        (feature for feature, weight in weights.items() if weight > 0), key=lambda own: -weights[own]
    )
    found = [feature for feature in speaking if layer in (None, feature[0])][:top]
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
