"""What a steering does: the classifier's verdicts on the text, and side effects, beside controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scopesift_features.generating.hooks import LayerChange
from scopesift_features.generating.language_model import LanguageModel, Sampling
from scopesift_features.generating.phases import EVERY

from scopesift_classifiers.artifact.classifier import BINARY
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_classifiers.steering.controls import along_random_features, flipped

NONE, STEERED, FLIPPED, RANDOM = "none", "steered", "flipped", "random"


@dataclass(frozen=True)
class Trait:
    """What a steering is to bring about or take away.

    Attributes:
        engine: has the classifier that measures it; reads texts without changes.
        classifier: its name.
        label: the label.
    """

    engine: Engine
    classifier: str
    label: str

    def found(self, texts: Sequence[str]) -> tuple[list[bool], list[float]]:
        """Whether each text gets the label, and its score for it."""
        verdicts = [answer[self.classifier] for answer in self.engine.predict(texts)]
        return [self._given(verdict) for verdict in verdicts], [
            verdict.scores.get(self.label, 0.0) for verdict in verdicts
        ]

    def _given(self, verdict: Verdict) -> bool:
        return bool(verdict.flagged) if verdict.kind == BINARY else verdict.label == self.label


@dataclass(frozen=True)
class SteeringResult:
    """The texts of one way of steering, measured.

    Attributes:
        way: "none", "steered", "flipped" (the opposite sign) or "random" (other features of the same norms).
        texts: the continuations.
        rate: share of them that get the label; None without a trait.
        score: their mean score for it; None without a trait.
        perplexity: of neutral text with the changes on every token.
        distinct_2: distinct word pairs as a share of all, over all texts; low for repetitive ones.
        words: mean number of words.
    """

    way: str
    texts: list[str]
    rate: float | None
    score: float | None
    perplexity: float
    distinct_2: float
    words: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def compare(
    model: LanguageModel,
    prompts: Sequence[str],
    changes: Sequence[LayerChange],
    neutral: Sequence[str],
    *,
    trait: Trait | None = None,
    sampling: Sampling = Sampling(),  # noqa: B008
    phase: str = EVERY,
    controls: bool = True,
    given: Sequence[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[SteeringResult]:
    """Continue prompts without changes, with them, and with both controls, and measure.

    Args:
        model: the model.
        prompts: N prompts.
        changes: the steering.
        neutral: texts whose perplexity tells the side effect.
        trait: what to count in the continuations.
        sampling: how tokens are chosen, the same in all ways.
        phase: tokens that are changed.
        controls: whether to run "flipped" and "random" too.
        given: the steered continuations, if they are there already.
        on_progress: called with (continuations done, all).

    Returns:
        "none", "steered", and the controls.
    """
    ways: dict[str, Sequence[LayerChange]] = {NONE: (), STEERED: changes}
    if controls:
        ways |= {FLIPPED: flipped(changes), RANDOM: along_random_features(changes, sampling.seed)}
    results = []
    for number, (way, own) in enumerate(ways.items()):

        def tell(done: int, _all: int, before: int = number * len(prompts)) -> None:
            if on_progress is not None:
                on_progress(before + done, len(ways) * len(prompts))

        if way == STEERED and given is not None:
            texts = list(given)
        else:
            texts = model.continuations(prompts, own, sampling=sampling, phase=phase, on_progress=tell)
        got, scores = trait.found(texts) if trait is not None else ([], [])
        results.append(
            SteeringResult(
                way,
                texts,
                float(np.mean(got)) if got else None,
                float(np.mean(scores)) if scores else None,
                model.perplexity(neutral, own),
                distinct_pairs(texts),
                float(np.mean([len(text.split()) for text in texts])),
            )
        )
    return results


def distinct_pairs(texts: Sequence[str]) -> float:
    """Distinct-2 (Li et al., arXiv 1510.03055): distinct pairs of neighbouring words as a share of all."""
    pairs = [pair for text in texts for pair in pairwise(text.split())]
    return len(set(pairs)) / len(pairs) if pairs else 1.0
