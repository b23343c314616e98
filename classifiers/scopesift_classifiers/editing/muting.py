"""Takes a feature out of a classifier, so that it no longer counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import AT_LEAST, Rule
from scopesift_classifiers.editing.naming import Place, require_read, spelled, with_decisions
from scopesift_classifiers.measuring.kept_quality import quality_of_the_rest

MUTED = "muted"
"""Key of the muted features in `Classifier.fit`."""


def without_feature(classifier: Classifier, place: Place) -> Classifier:
    """The classifier without one feature, in all of its decisions.

    The other features keep their weights and thresholds, and calibration and cuts stay: the data of the fit isn't here,
    so nothing is fitted again. Margins change by what the feature contributed, and scores with them; a text on which it
    doesn't fire has the same score. Measured quality of the changed decisions is removed; `fit` says what was muted.

    Args:
        classifier: The classifier.
        place: (layer, index) of the feature.

    Raises:
        UsageError: No decision reads the feature, or one could not decide anything without it.
    """
    require_read(classifier, place)
    changed = rules_that_read(classifier, place)
    for rule in changed:
        _check_rest(classifier.decision(rule), rule, place)
    item = next(one for one in classifier.decision(changed[0]).features if (one.layer, one.index) == place)
    entry = {**item.to_dict(), "rules": changed}
    made = with_decisions(classifier, lambda decision: _without(decision, place))
    return replace(
        made,
        fit={
            **classifier.fit,
            **_firing_of_the_rest(classifier, place),
            MUTED: [*classifier.fit.get(MUTED, []), entry],
        },
        quality=quality_of_the_rest(classifier.quality, classifier.by_lang, changed),
    )


def rules_that_read(classifier: Classifier, place: Place) -> list[str]:
    """Names of the decisions that read a feature."""
    return [name for name, decision in classifier.decisions.items() if place in decision.feature_ids]


def _check_rest(decision: Decision, rule: str, place: Place) -> None:
    rest = len(decision.features) - 1
    if rest == 0:
        raise UsageError(
            f"{spelled(place)} is the last feature of the rule {rule!r}, which could decide nothing without it"
        )
    needed = max((one.m for one in decision.rules.values() if one.combine == AT_LEAST), default=0)
    if rest < needed:
        raise UsageError(
            f"the rule {rule!r} needs {needed} features that fire and would have {rest} without {spelled(place)}"
        )


def _without(decision: Decision, place: Place) -> Decision:
    kept = [at for at, own in enumerate(decision.feature_ids) if own != place]
    if len(kept) == len(decision.features):
        return decision

    def rest(rule: Rule) -> Rule:
        return replace(rule, weights=tuple(rule.weights[at] for at in kept)) if rule.adds else rule

    return replace(
        decision,
        features=tuple(decision.features[at] for at in kept),
        rules={label: rest(rule) for label, rule in decision.rules.items()},
    )


def _firing_of_the_rest(classifier: Classifier, place: Place) -> dict[str, Any]:
    """The firing counts of the fit, which has one for each of the default decision's features (see `count_firing`)."""
    firing = classifier.fit.get("firing")
    if firing is None or place not in classifier.default.feature_ids:
        return {}
    at = classifier.default.feature_ids.index(place)
    fired = {label: [*counts[:at], *counts[at + 1 :]] for label, counts in firing["fired"].items()}
    return {"firing": {**firing, "fired": fired}}
