"""Every token on which the features of a verdict's evidence fire, not only the strongest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scopesift_features.reading.per_token import TokenReading, read_tokens

from scopesift_classifiers.artifact.rule import firing
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.verdict import Evidence, Verdict
from scopesift_classifiers.judging.whole_word import whole_word

Judged = tuple[str, Mapping[str, Verdict]]
"""A text and its verdicts by classifier name."""


@dataclass(frozen=True)
class TokenHit:
    """One token on which a feature fires; places count characters of the original text.

    Attributes:
        start, end: The token.
        word_start, word_end: The whole word around it, without blanks or punctuation at its edges.
        activation: The feature's activation on the token, above 0 and at least its threshold.
    """

    start: int
    end: int
    word_start: int
    word_end: int
    activation: float

    def to_dict(self) -> dict[str, Any]:
        """The hit as JSON values."""
        return {
            "start": self.start,
            "end": self.end,
            "word_start": self.word_start,
            "word_end": self.word_end,
            "activation": round(self.activation, 4),
        }


def token_hits(engine: Engine, judged: Sequence[Judged]) -> list[dict[str, list[list[TokenHit]]]]:
    """Hits of all evidence; the texts are read once more, in one pass.

    Args:
        engine: The engine that gave the verdicts.
        judged: N texts with their verdicts.

    Returns:
        For every text, by classifier name: for each item of the verdict's evidence its hits in text order. A text
        without evidence is not read.
    """
    if not any(verdict.evidence for _, verdicts in judged for verdict in verdicts.values()):
        return [{name: [] for name in verdicts} for _, verdicts in judged]
    column = {feature: at for at, feature in enumerate(engine.features)}
    forms = engine.forms([text for text, _ in judged])
    readings = read_tokens(engine.reader, forms.texts)
    found = []
    for row, (_, verdicts) in enumerate(judged):
        own: dict[str, list[list[TokenHit]]] = {}
        for name, verdict in verdicts.items():
            classifier = engine.classifiers[name]
            read = int(forms.rows(classifier)[row])

            def in_original(start: int, end: int, read: int = read) -> tuple[int, int]:
                return forms.original(read, start, end)

            own[name] = [
                [
                    TokenHit(*in_original(start, end), *in_original(*word), activation)
                    for start, end, word, activation in _firing_tokens(
                        forms.texts[read],
                        readings[read],
                        column[classifier.selected((item.layer, item.feature))],
                        item,
                    )
                ]
                for item in verdict.evidence
            ]
        found.append(own)
    return found


def _firing_tokens(
    text: str, reading: TokenReading, column: int, item: Evidence
) -> list[tuple[int, int, tuple[int, int], float]]:
    """(start, end, word, activation) of each token on which the feature of a column fires."""
    acts_T = reading.acts_TS[:, column] if len(reading.starts_T) else reading.acts_TS.reshape(-1)
    found = []
    for at in firing(acts_T, item.threshold).nonzero()[0].tolist():
        start, end = int(reading.starts_T[at]), int(reading.ends_T[at])
        found.append((start, end, whole_word(text, start, end), float(acts_T[at])))
    return found
