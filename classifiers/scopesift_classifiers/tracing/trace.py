"""The trace of a text: its tokens with their strongest features, and where a trait was first announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from scopesift_features.reading.active_tokens import ActiveToken, read_active
from scopesift_features.scope import Scope

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.artifact.label_weights import label_weights
from scopesift_classifiers.judging.engine import Engine

MOST_PREFIXES = 400
"""Texts of more tokens are classified at every second, third … token only."""


@dataclass(frozen=True)
class FiredFeature:
    """One feature on one token.

    Attributes:
        layer, index: the feature.
        activation: on this token.
        name: its label in the classifier, or "".
        lens: tokens that it makes likelier; empty for an encoder.
        weight: what it adds to the traced label's margin when it fires; 0 if it doesn't speak of it.
    """

    layer: int
    index: int
    activation: float
    name: str = ""
    lens: tuple[str, ...] = ()
    weight: float = 0.0


@dataclass(frozen=True)
class TracedToken:
    """One token.

    Attributes:
        text: its characters.
        start, end: its place in the text, in characters.
        generated: whether the model wrote it.
        features: features that speak of the label first, then the strongest.
    """

    text: str
    start: int
    end: int
    generated: bool
    features: tuple[FiredFeature, ...]


@dataclass(frozen=True)
class Trace:
    """A text and its tokens.

    Attributes:
        text: prompt and continuation.
        prompt_end: where the prompt ends, in characters.
        tokens: in order.
        label: the traced label; None: none.
        first_feature: number of the first token on which a feature fires that speaks for the label; None: none.
        first_verdict: number of the first token after which the classifier gives the text the label; None: never.
    """

    text: str
    prompt_end: int
    tokens: list[TracedToken]
    label: str | None = None
    first_feature: int | None = None
    first_verdict: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def trace_text(
    scope: Scope,
    text: str,
    prompt_end: int,
    *,
    layers: Sequence[int],
    top: int,
    classifier: Classifier | None = None,
    label: str | None = None,
) -> Trace:
    """Trace a text.

    Args:
        scope: the backbone and its SAEs.
        text: prompt and continuation.
        prompt_end: where the prompt ends, in characters.
        layers: layers to read.
        top: features to keep of each token.
        classifier: names features; with a label, tells what speaks for it.
        label: one of its labels.

    Raises:
        UsageError: an unknown label.
        ScopeError: a layer that the scope does not have.
    """
    names, weights = _known(classifier, label)
    read = read_active(scope, text, layers)
    tokens = [_traced(token, text, prompt_end, top, names, weights) for token in read]
    if classifier is None or label is None:
        return Trace(text, prompt_end, tokens)
    first = next(
        (at for at, token in enumerate(tokens) if any(one.weight > 0 for one in token.features)), None
    )
    return Trace(
        text, prompt_end, tokens, label, first, _first_verdict(scope, classifier, label, tokens, text)
    )


def with_lens(trace: Trace, lens: Mapping[tuple[int, int], Sequence[str]]) -> Trace:
    """The trace with the tokens that each feature makes likelier."""

    def told(feature: FiredFeature) -> FiredFeature:
        return replace(feature, lens=tuple(lens.get((feature.layer, feature.index), ())))

    tokens = [replace(token, features=tuple(map(told, token.features))) for token in trace.tokens]
    return replace(trace, tokens=tokens)


def _known(
    classifier: Classifier | None, label: str | None
) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], float]]:
    """Names of a classifier's features, and their weights for a label."""
    if classifier is None:
        return {}, {}
    decision = classifier.default
    names = {
        feature: item.label for feature, item in zip(decision.feature_ids, decision.features, strict=True)
    }
    return names, {} if label is None else label_weights(classifier, label)


def _traced(
    token: ActiveToken,
    text: str,
    prompt_end: int,
    top: int,
    names: Mapping[tuple[int, int], str],
    weights: Mapping[tuple[int, int], float],
) -> TracedToken:
    fired = [
        FiredFeature(
            layer,
            index,
            round(activation, 3),
            names.get((layer, index), ""),
            (),
            weights.get((layer, index), 0.0),
        )
        for layer, (indices, acts) in token.features.items()
        for index, activation in zip(indices.tolist(), acts.tolist(), strict=True)
    ]
    fired.sort(key=lambda one: (one.weight <= 0, -one.weight if one.weight > 0 else 0.0, -one.activation))
    return TracedToken(
        text[token.start : token.end], token.start, token.end, token.start >= prompt_end, tuple(fired[:top])
    )


def _first_verdict(
    scope: Scope, classifier: Classifier, label: str, tokens: Sequence[TracedToken], text: str
) -> int | None:
    step = -(-len(tokens) // MOST_PREFIXES) or 1
    places = list(range(0, len(tokens), step))
    answers = Engine(scope, [classifier]).predict([text[: tokens[at].end] for at in places])
    for at, answer in zip(places, answers, strict=True):
        verdict = answer[classifier.name]
        if verdict.flagged if verdict.kind == BINARY else verdict.label == label:
            return at
    return None
