"""Rules: a few features with thresholds, and how they combine into a margin per label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.errors import InputError

AT_LEAST = "at_least"
LOG_ODDS = "log_odds"
DECIMALS = 9
"""Log-odds are rounded to so many decimals: added in any order they are the same number, and a tie is a tie."""


@dataclass(frozen=True)
class RuleFeature:
    """One SAE feature as a classifier reads it.

    Attributes:
        layer: The decoder block whose SAE holds it.
        index: Its row in that SAE's encoder.
        threshold: Activation that a document must reach to fire it; 0 means any positive activation.
        label: What a person calls it, seeded from the tokens that fire it most; free to edit.
    """

    layer: int
    index: int
    threshold: float
    label: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The feature as JSON values."""
        return {"layer": self.layer, "index": self.index, "threshold": self.threshold, "label": self.label}


@dataclass(frozen=True)
class Rule:
    """How the shared features of a decision speak for one label.

    Attributes:
        combine: "at_least" (the rule fires when m features fire) or "log_odds" (weights of the firing features
            are added to a bias).
        m: For "at_least", how many features must fire.
        weights: For "log_odds", one weight in nats a feature; empty for "at_least".
        bias: For "log_odds", the log-odds when no feature fires.
    """

    combine: str = AT_LEAST
    m: int = 1
    weights: tuple[float, ...] = ()
    bias: float = 0.0

    @cached_property
    def weights_S(self) -> NDArray[np.float64]:
        """The weights of a log-odds rule, float64."""
        return np.array(self.weights, dtype=np.float64)

    def log_odds(self, fires_NS: NDArray[np.float64]) -> NDArray[np.float64]:
        """Margin `[N]` of a log-odds rule from which features fire, 1.0 or 0.0."""
        return np.round(fires_NS @ self.weights_S + self.bias, DECIMALS)

    def margins(self, acts_NS: NDArray[np.float32], thresholds_S: NDArray[np.float32]) -> NDArray[np.float64]:
        """Margin of every document.

        Args:
            acts_NS: Document maxima of the decision's features.
            thresholds_S: Their thresholds.

        Returns:
            `[N]`. For "at_least": the m-th largest of activation / threshold, so the rule fires iff it is at
            least 1 (a feature with threshold 0 counts 1 + activation once it is active). For "log_odds": nats.
        """
        if self.combine == LOG_ODDS:
            return self.log_odds(firing(acts_NS, thresholds_S).astype(np.float64))
        acts = acts_NS.astype(np.float64)
        safe_S = np.where(thresholds_S > 0, thresholds_S, 1.0)
        ratios_NS = np.where(thresholds_S > 0, acts / safe_S, np.where(acts > 0, 1.0 + acts, 0.0))
        if self.m > ratios_NS.shape[1]:
            return np.zeros(len(acts))
        return np.partition(ratios_NS, -self.m, axis=1)[:, -self.m]

    def to_dict(self) -> dict[str, Any]:
        """The rule as JSON values, without what its way of combining does not use."""
        if self.combine == LOG_ODDS:
            return {"combine": LOG_ODDS, "bias": self.bias, "weights": list(self.weights)}
        return {"combine": AT_LEAST, "m": self.m}


def firing(acts_NS: NDArray[np.float32], thresholds_S: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which documents fire which features: `[N, S]`; an activation of 0 never fires."""
    fires: NDArray[np.bool_] = (acts_NS >= thresholds_S) & (acts_NS > 0)
    return fires


def features_of(pairs: Iterable[tuple[int, int]], thresholds: Iterable[float]) -> tuple[RuleFeature, ...]:
    """Features from (layer, index) and float32 thresholds, which are written with as few digits as they need."""
    return tuple(
        RuleFeature(layer, index, float(np.format_float_positional(np.float32(threshold), trim="0")))
        for (layer, index), threshold in zip(pairs, thresholds, strict=True)
    )


def feature_from_json(value: Mapping[str, Any]) -> RuleFeature:
    """Read one feature.

    Raises:
        InputError: A field is missing or impossible.
    """
    try:
        feature = RuleFeature(
            layer=int(value["layer"]),
            index=int(value["index"]),
            threshold=float(value["threshold"]),
            label=str(value.get("label", "")),
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
        InputError: An unknown way of combining, or numbers that do not fit the features.
    """
    combine = value.get("combine")
    if combine == AT_LEAST:
        m = value.get("m")
        if type(m) is not int or not 1 <= m <= max(n_features, 1):
            raise InputError(
                f"an at_least rule over {n_features} features needs m from 1 to {n_features}, got {m!r}"
            )
        return Rule(AT_LEAST, m=m)
    if combine == LOG_ODDS:
        weights = value.get("weights")
        if not isinstance(weights, list) or len(weights) != n_features:
            raise InputError(f"a log_odds rule needs one weight for each of its {n_features} features")
        numbers = [*weights, value.get("bias")]
        if not all(isinstance(number, int | float) and np.isfinite(number) for number in numbers):
            raise InputError("a log_odds rule needs finite numbers as weights and bias")
        return Rule(LOG_ODDS, weights=tuple(float(w) for w in weights), bias=float(numbers[-1]))
    raise InputError(f"a rule combines by {AT_LEAST!r} or {LOG_ODDS!r}, got {combine!r}")
