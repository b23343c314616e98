"""Rules: features of one decision, and how they combine into a margin per label.

Margins and contributions of features are defined here only:

- "at_least": a feature contributes activation / threshold; the margin is the m-th largest contribution, and the rule
  fires where it is at least 1.
- "log_odds": a feature that fires contributes its weight, in nats; the margin is the sum of the contributions and the
  bias.
- "linear": a feature contributes its weight times its transformed activation; the margin is the sum of the
  contributions and the bias. Its thresholds are 0: any activation counts.

A feature is evidence for a label if its contribution to the label's margin is above 0. A classifier with many labels
gives no label without evidence. The cut decides from which score on a label is given: see `Decision`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.linear_sum import (
    SQRT,
    TRANSFORMS,
    decimals_of,
    rounded_weights,
    unit_of_sum,
    whole_activations,
    whole_weights,
)

AT_LEAST = "at_least"
LOG_ODDS = "log_odds"
LINEAR = "linear"
DECIMALS = 9
"""Decimals of log-odds: rounded, sums don't depend on the order, and ties are exact."""


@dataclass(frozen=True)
class RuleFeature:
    """One SAE feature of a decision.

    Attributes:
        layer: The decoder block whose SAE holds it.
        index: Its row in that SAE's encoder.
        threshold: Activation from which on it fires; 0 means any positive activation.
        label: Its name for people, seeded from its top tokens; editable.
        given_name: The name that a person gave it besides; "": none.
    """

    layer: int
    index: int
    threshold: float
    label: str = ""
    given_name: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The feature as JSON values; without a given name if there is none."""
        given = {"given_name": self.given_name} if self.given_name else {}
        seeded = {"layer": self.layer, "index": self.index, "threshold": self.threshold, "label": self.label}
        return {**seeded, **given}


@dataclass(frozen=True)
class Rule:
    """How the features of a decision combine for one label; see the module's docstring for the kinds.

    Attributes:
        combine: "at_least", "log_odds" or "linear".
        m: For "at_least", how many features must fire.
        weights: For the other two, one weight per feature.
        bias: For the other two, the margin if no feature is active.
        transform: For "linear", the transform of activations: "sqrt".
    """

    combine: str = AT_LEAST
    m: int = 1
    weights: tuple[float, ...] = ()
    bias: float = 0.0
    transform: str = ""

    @property
    def adds(self) -> bool:
        """Whether the margin is a sum of contributions and a bias."""
        return self.combine in (LOG_ODDS, LINEAR)

    @cached_property
    def weights_S(self) -> NDArray[np.float64]:
        """The weights, float64."""
        return np.array(self.weights, dtype=np.float64)

    @cached_property
    def decimals(self) -> int:
        """Decimals of a linear rule's weights and bias."""
        return decimals_of((*self.weights, self.bias))

    @cached_property
    def whole_weights_S(self) -> NDArray[np.float64]:
        """A linear rule's weights as integers in units of `10 ** -decimals`, float64."""
        return whole_weights(self.weights, self.decimals)

    @cached_property
    def whole_bias(self) -> float:
        """A linear rule's bias as an integer in the unit of the sum."""
        return float(np.rint(self.bias / unit_of_sum(self.decimals)))

    def margins(self, acts_NS: NDArray[np.float32], thresholds_S: NDArray[np.float32]) -> NDArray[np.float64]:
        """Margin of every document.

        Args:
            acts_NS: Document maxima of the decision's features.
            thresholds_S: Their thresholds.

        Returns:
            `[N]`; independent of the batch.
        """
        if self.combine == LINEAR:
            return linear_margins([self], acts_NS)[:, 0]
        if self.combine == LOG_ODDS:
            return log_odds_margins([self], firing(acts_NS, thresholds_S))[:, 0]
        ratios_NS = _ratios(acts_NS, thresholds_S)
        if self.m > ratios_NS.shape[1]:
            return np.zeros(len(ratios_NS))
        return np.partition(ratios_NS, -self.m, axis=1)[:, -self.m]

    def contributions(
        self, acts_NS: NDArray[np.float32], thresholds_S: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Contribution of each feature to each document's margin, `[N, S]`; arguments as for `margins`."""
        if self.combine == LINEAR:
            whole_NS = whole_activations(acts_NS)
            return whole_NS * self.whole_weights_S * unit_of_sum(self.decimals)
        if self.combine == LOG_ODDS:
            return firing(acts_NS, thresholds_S) * self.weights_S
        return _ratios(acts_NS, thresholds_S)

    def to_dict(self) -> dict[str, Any]:
        """The rule as JSON values, without unused fields."""
        if self.combine == AT_LEAST:
            return {"combine": AT_LEAST, "m": self.m}
        summed = {"combine": self.combine, "bias": self.bias, "weights": list(self.weights)}
        return summed | {"transform": self.transform} if self.combine == LINEAR else summed


def linear_margins(rules: Sequence[Rule], acts_NS: NDArray[np.float32]) -> NDArray[np.float64]:
    """Margins `[N, C]` of C linear rules."""
    weights_SC = np.stack([rule.whole_weights_S for rule in rules], axis=1)
    summed_NC = whole_activations(acts_NS) @ weights_SC + np.array([rule.whole_bias for rule in rules])
    margins: NDArray[np.float64] = summed_NC * np.array([unit_of_sum(rule.decimals) for rule in rules])
    return margins


def log_odds_margins(rules: Sequence[Rule], fires_NS: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Margins `[N, C]` of C log-odds rules, from the firing features."""
    weights_SC = np.stack([rule.weights_S for rule in rules], axis=1)
    bias_C = np.array([rule.bias for rule in rules])
    return np.round(fires_NS.astype(np.float64) @ weights_SC + bias_C, DECIMALS)


def _ratios(acts_NS: NDArray[np.float32], thresholds_S: NDArray[np.float32]) -> NDArray[np.float64]:
    """Activation over threshold; with threshold 0, 1 + activation if it is active."""
    acts = acts_NS.astype(np.float64)
    safe_S = np.where(thresholds_S > 0, thresholds_S, 1.0)
    return np.where(thresholds_S > 0, acts / safe_S, np.where(acts > 0, 1.0 + acts, 0.0))


def firing(acts_NS: NDArray[np.floating], thresholds_S: NDArray[np.floating] | float) -> NDArray[np.bool_]:
    """Which features fire on which documents (or tokens), in the shape of `acts_NS`; an activation of 0 never fires."""
    fires: NDArray[np.bool_] = (acts_NS >= thresholds_S) & (acts_NS > 0)
    return fires


def features_of(pairs: Iterable[tuple[int, int]], thresholds: Iterable[float]) -> tuple[RuleFeature, ...]:
    """Features from (layer, index) and float32 thresholds, which are stored in their shortest decimal form."""
    return tuple(
        RuleFeature(layer, index, float(np.format_float_positional(np.float32(threshold), trim="0")))
        for (layer, index), threshold in zip(pairs, thresholds, strict=True)
    )


def linear_rules(weights_SC: NDArray[np.float64], bias_C: NDArray[np.float64]) -> tuple[Rule, ...]:
    """C linear rules over S features, rounded for an artifact."""
    weights_SC, bias_C = rounded_weights(weights_SC, bias_C)
    return tuple(
        Rule(LINEAR, weights=tuple(weights_S.tolist()), bias=float(bias), transform=SQRT)
        for weights_S, bias in zip(weights_SC.T, bias_C, strict=True)
    )


def feature_from_json(value: Mapping[str, Any]) -> RuleFeature:
    """Read one feature.

    Raises:
        InputError: A field is missing or invalid.
    """
    try:
        feature = RuleFeature(
            layer=int(value["layer"]),
            index=int(value["index"]),
            threshold=float(value["threshold"]),
            label=str(value.get("label", "")),
            given_name=str(value.get("given_name", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"a feature needs whole numbers layer and index and a number threshold, got {value!r} ({error})"
        ) from None
    if feature.layer < 0 or feature.index < 0 or not 0 <= feature.threshold < float("inf"):
        raise InputError(
            f"a feature's layer, index and threshold must be finite and not negative, got {value!r}"
        )
    return feature


def rule_from_json(value: Mapping[str, Any], n_features: int) -> Rule:
    """Read one rule over `n_features` features.

    Raises:
        InputError: An unknown kind, or numbers that don't match the features.
    """
    combine = value.get("combine")
    if combine == AT_LEAST:
        m = value.get("m")
        if type(m) is not int or not 1 <= m <= max(n_features, 1):
            raise InputError(
                f"an at_least rule over {n_features} features needs m from 1 to {n_features}, got {m!r}"
            )
        return Rule(AT_LEAST, m=m)
    if combine not in (LOG_ODDS, LINEAR):
        raise InputError(f"a rule combines by {AT_LEAST!r}, {LOG_ODDS!r} or {LINEAR!r}, got {combine!r}")
    weights = value.get("weights")
    if not isinstance(weights, list) or len(weights) != n_features:
        raise InputError(f"a {combine} rule needs one weight for each of its {n_features} features")
    numbers = [*weights, value.get("bias")]
    if not all(type(number) in (int, float) and np.isfinite(number) for number in numbers):
        raise InputError(f"a {combine} rule needs finite numbers as weights and bias")
    transform = value.get("transform", "")
    if combine == LINEAR and transform not in TRANSFORMS:
        raise InputError(f"a linear rule needs a transform, {' or '.join(TRANSFORMS)}, got {transform!r}")
    return Rule(
        str(combine),
        weights=tuple(float(weight) for weight in weights),
        bias=float(numbers[-1]),
        transform=str(transform) if combine == LINEAR else "",
    )
