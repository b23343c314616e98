"""Which features stand for a classifier's label."""

from __future__ import annotations

from collections.abc import Collection

from scopesift_features.generating.intervention import Intervention
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.label_weights import label_weights


def label_features(
    classifier: Classifier, label: str, top: int, *, layers: Collection[int] | None = None
) -> dict[tuple[int, int], float]:
    """The features with the largest weight for a label in the default decision, and their weights, largest first.

    Args:
        classifier: the classifier.
        label: one of its labels.
        top: at most so many.
        layers: of these layers only; None: of all.

    Raises:
        UsageError: an unknown label, or one that no feature of these layers speaks for.
    """
    weights = label_weights(classifier, label)
    speaking = [
        feature
        for feature, weight in weights.items()
        if weight > 0 and (layers is None or feature[0] in layers)
    ]
    if not speaking:
        where = "" if layers is None else f" in layers {', '.join(map(str, sorted(layers)))}"
        raise UsageError(
            f"no feature of {classifier.name} speaks for {label!r}{where}; choose another label or other layers"
        )
    strongest = sorted(speaking, key=lambda own: -weights[own])[:top]
    return {feature: weights[feature] for feature in strongest}


def label_interventions(
    classifier: Classifier,
    label: str,
    action: str,
    amount: float,
    top: int,
    *,
    layers: Collection[int] | None = None,
    by_weight: bool = False,
) -> list[Intervention]:
    """One change of every feature in `label_features`.

    Args:
        classifier: the classifier.
        label: one of its labels.
        action: "boost", "clamp" or "suppress".
        amount: activation, for each feature.
        top: at most so many features.
        layers: as `label_features`.
        by_weight: the amount is the strongest feature's, and the others get less, in proportion to their weights.

    Raises:
        UsageError: as `label_features`, or an impossible amount.
    """
    weights = label_features(classifier, label, top, layers=layers)
    largest = max(weights.values())
    return [
        Intervention(*feature, action, rounded(amount * weight / largest) if by_weight else amount)
        for feature, weight in weights.items()
    ]


def rounded(amount: float) -> float:
    """An amount with four digits, as it is printed and can be given again."""
    return float(f"{amount:.4g}")
