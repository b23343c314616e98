"""The features of one rule of a classifier, those with the largest weights first, with what is known of each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.rule import Rule, RuleFeature
from scopesift_classifiers.measuring.feature_cards import FeatureCard, bundled_cards


def list_features(
    classifier: Classifier, rule: str, label: str, search: str, first: int, most: int
) -> dict[str, Any]:
    """A part of the features of one decision, and how many there are.

    Args:
        classifier: The classifier.
        rule: "default" or a language with a decision of its own.
        label: The label whose weights are shown and sort; one of the decision's.
        search: Only features with this in their names or strongest tokens, or that are called so; "": all.
        first: How many to leave out.
        most: How many to list.

    Returns:
        name, version, rule, label, combine, `total` found, and `features`: layer, feature, name, given_name if there
        is one, threshold, weight (None for rules of thresholds), `rules` that read it, and `card` (see `FeatureCard`;
        None: nothing is stored about it).
    """
    decision = classifier.decision(rule)
    chosen = decision.rules[label]
    cards = _cards(classifier)
    found = [
        (item, weight)
        for item, weight in _by_weight(decision.features, chosen)
        if _matches(item, cards.get((item.layer, item.index)), search.casefold())
    ]
    return {
        "name": classifier.name,
        "version": classifier.version,
        "rule": rule,
        "label": label,
        "combine": chosen.combine,
        "total": len(found),
        "features": [_told(classifier, item, weight, cards) for item, weight in found[first : first + most]],
    }


# those of one classifier, which somebody looks through; a version is one object
@lru_cache(maxsize=1)
def _cards(classifier: Classifier) -> dict[tuple[int, int], FeatureCard]:
    return bundled_cards(classifier)


def _by_weight(features: tuple[RuleFeature, ...], rule: Rule) -> list[tuple[RuleFeature, float | None]]:
    """Features with their weights, the largest first, whatever its sign; rules of thresholds keep their order."""
    if not rule.adds:
        return [(item, None) for item in features]
    order = sorted(range(len(features)), key=lambda at: (-abs(rule.weights[at]), at))
    return [(features[at], rule.weights[at]) for at in order]


def _matches(item: RuleFeature, card: FeatureCard | None, search: str) -> bool:
    tokens = [token for token, _ in card.tokens] if card else []
    words = [item.label, item.given_name, f"{item.layer}:{item.index}", *tokens]
    return any(search in word.casefold() for word in words)


def _told(
    classifier: Classifier,
    item: RuleFeature,
    weight: float | None,
    cards: dict[tuple[int, int], FeatureCard],
) -> dict[str, Any]:
    place = (item.layer, item.index)
    card = cards.get(place)
    known = ("rates", "by_lang", "histogram", "tokens")
    return {
        "layer": item.layer,
        "feature": item.index,
        "name": item.label,
        **({"given_name": item.given_name} if item.given_name else {}),
        "threshold": item.threshold,
        "weight": weight,
        "rules": [name for name, decision in classifier.decisions.items() if place in decision.feature_ids],
        "card": {key: value for key, value in card.to_dict().items() if key in known} if card else None,
    }
