"""The result of a fit: features, one rule per label, calibration and cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.rule import (
    DECIMALS,
    LINEAR,
    LOG_ODDS,
    Rule,
    RuleFeature,
    feature_from_json,
    firing,
    linear_margins,
    log_odds_margins,
    rule_from_json,
)


@dataclass(frozen=True, eq=False)
class Decision:
    """Rules that were fitted together, for the default case or for one language.

    Attributes:
        features: The features of all rules.
        rules: One per label; a binary classifier has one, for its positive label.
        calibration: From margin to probability.
        cut: The score from which on the label is given; the lowest of `label_cuts` if there are any.
        label_cuts: A cut for each label, if they differ.
    """

    features: tuple[RuleFeature, ...]
    rules: dict[str, Rule]
    calibration: Calibration
    cut: float
    label_cuts: dict[str, float] = field(default_factory=dict)

    @property
    def feature_ids(self) -> list[tuple[int, int]]:
        """(layer, index) of every feature."""
        return [(item.layer, item.index) for item in self.features]

    @cached_property
    def thresholds_S(self) -> NDArray[np.float32]:
        """Thresholds of the features, `[S]` float32."""
        return np.array([feature.threshold for feature in self.features], dtype=np.float32)

    @cached_property
    def cuts_C(self) -> NDArray[np.float64]:
        """The cut of every label, `[labels]` float64."""
        return np.array([self.label_cuts.get(label, self.cut) for label in self.rules])

    @cached_property
    def speaks_for_CS(self) -> NDArray[np.bool_]:
        """Which firing features are evidence for which label, `[labels, S]`: see `rule`."""
        return np.stack(
            [
                rule.weights_S > 0 if rule.adds else np.ones(len(self.features), dtype=np.bool_)
                for rule in self.rules.values()
            ]
        )

    def with_cut(self, cut: float) -> Decision:
        """The same decision with one cut for all labels."""
        return replace(self, cut=cut, label_cuts={})

    def fires(self, acts_NS: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which features fire on which documents (or tokens)."""
        return firing(acts_NS, self.thresholds_S)

    def margins(self, acts_NS: NDArray[np.float32]) -> NDArray[np.float64]:
        """Margin of every document for every label, `[N, labels]`, in the order of `rules`; see `label_margins`."""
        return label_margins(tuple(self.rules.values()), acts_NS, self.thresholds_S)

    def contributions(self, label: str, acts_NS: NDArray[np.float32]) -> NDArray[np.float64]:
        """Contribution of every feature to the margin of one label's rule, `[N, S]`; see `rule`."""
        return self.rules[label].contributions(acts_NS, self.thresholds_S)

    def scores(self, margins_NC: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probability of every label, `[N, labels]`."""
        return self.calibration.apply(margins_NC.ravel()).reshape(margins_NC.shape)

    def to_dict(self) -> dict[str, Any]:
        """The decision as JSON values."""
        return {
            "features": [feature.to_dict() for feature in self.features],
            "rules": {label: rule.to_dict() for label, rule in self.rules.items()},
            "calibration": self.calibration.to_dict(),
            "cut": self.cut,
            **({"label_cuts": self.label_cuts} if self.label_cuts else {}),
        }


def label_margins(
    rules: Sequence[Rule], acts_NS: NDArray[np.float32], thresholds_S: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Margin of every document for every label, `[N, C]`.

    For several log-odds rules the margin of a label is its log posterior odds against all the others, for several
    linear rules its sum minus the largest other sum, so that a close second label lowers the margin. For a single rule,
    and for rules of thresholds, it is the rule's own.

    Args:
        rules: One per label.
        acts_NS: Document maxima of the features.
        thresholds_S: Their thresholds.
    """
    kinds = {rule.combine for rule in rules}
    if kinds == {LINEAR}:
        return leads(linear_margins(rules, acts_NS))
    if kinds == {LOG_ODDS}:
        return posterior_odds(log_odds_margins(rules, firing(acts_NS, thresholds_S)))
    return np.stack([rule.margins(acts_NS, thresholds_S) for rule in rules], axis=1)


def posterior_odds(margins_NC: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds of each class against all the others, from unnormalised log posteriors `[N, C]`; of one class itself."""
    if margins_NC.shape[1] < 2:
        return margins_NC
    out = np.empty_like(margins_NC)
    for column in range(margins_NC.shape[1]):
        rest = np.delete(margins_NC, column, axis=1)
        top = rest.max(axis=1)
        out[:, column] = margins_NC[:, column] - (top + np.log(np.exp(rest - top[:, None]).sum(axis=1)))
    return np.round(out, DECIMALS)


def leads(margins_NC: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each label's margin minus the largest other one, `[N, C]`; for a single label the margin itself."""
    if margins_NC.shape[1] < 2:
        return margins_NC
    two_N2 = np.sort(margins_NC, axis=1)[:, -2:]
    largest_other_NC = np.where(margins_NC == two_N2[:, 1:], two_N2[:, :1], two_N2[:, 1:])
    return margins_NC - largest_other_NC


def decision_from_json(value: Mapping[str, Any]) -> Decision:
    """Read a decision.

    Raises:
        InputError: A field is missing or inconsistent.
    """
    try:
        features = tuple(feature_from_json(item) for item in value["features"])
        rules = {str(label): rule_from_json(item, len(features)) for label, item in value["rules"].items()}
        calibration = Calibration.from_dict(value["calibration"])
        cut = float(value["cut"])
        label_cuts = {str(label): float(own) for label, own in value.get("label_cuts", {}).items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"a decision needs features, rules, calibration and cut ({type(error).__name__}: {error})"
        ) from None
    if not rules:
        raise InputError("a decision needs at least one rule")
    if label_cuts and (label_cuts.keys() != rules.keys() or min(label_cuts.values()) != cut):
        raise InputError(
            f"label_cuts must have a cut for each label and the lowest of them as cut, got cut {cut} and "
            f"{label_cuts} for the labels {', '.join(rules)}"
        )
    return Decision(features, rules, calibration, cut, label_cuts)
