"""A verdict of a classifier for a text, with its evidence: features and characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MOST_LABELS = 3
"""Labels in `Verdict.top_labels`."""


@dataclass(frozen=True)
class Evidence:
    """A feature that is evidence for a label, and its strongest token.

    Attributes:
        layer: The decoder block.
        feature: Index in that block's SAE.
        name: The feature's label in the artifact.
        activation: Its largest activation in the text.
        threshold: Its threshold; 0 if any activation counts.
        contribution: Its contribution to the margin of the label: for a linear rule weight times transformed activation
            (all contributions and the bias sum to the margin), for log-odds its weight in nats, for a rule of
            thresholds activation / threshold.
        start: Start of the strongest token in characters.
        end: Its end, exclusive.
        text: The characters between.
        word: The whole word around them, for display.
        given_name: The name that a person gave the feature; "": none.
    """

    layer: int
    feature: int
    name: str
    activation: float
    threshold: float
    contribution: float
    start: int
    end: int
    text: str
    word: str
    given_name: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON values; without a given name if there is none."""
        return {
            "layer": self.layer,
            "feature": self.feature,
            "name": self.name,
            "activation": round(self.activation, 4),
            "threshold": self.threshold,
            "contribution": round(self.contribution, 4),
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "word": self.word,
            **({"given_name": self.given_name} if self.given_name else {}),
        }


@dataclass(frozen=True)
class Verdict:
    """One classifier's answer for one text.

    Attributes:
        kind: "binary" or "many".
        label: The label given; for a binary classifier its positive label or the unknown one.
        flagged: For a binary classifier, whether the score reaches the cut; else None.
        score: Calibrated probability of the positive label, or that the given label is correct.
        scores: Calibrated probability of every label.
        rule: "default", or the language whose decision was used.
        evidence: Features that are evidence for the label, largest contribution first.
        cut: The score from which on the likeliest label is given, in the decision that was used.
    """

    kind: str
    label: str
    flagged: bool | None
    score: float
    scores: dict[str, float]
    rule: str
    evidence: tuple[Evidence, ...]
    cut: float

    @property
    def likeliest(self) -> str:
        """The label given, or if none is, the most likely one."""
        return self.label if self.label in self.scores else self.top_labels[0][0]

    @property
    def top_labels(self) -> list[tuple[str, float]]:
        """The three most likely labels with their scores, the likeliest first; with the one given, if one is.

        A score is the calibrated probability of the label against all others, so the scores need not sum to 1.
        """
        return sorted(self.scores.items(), key=lambda item: -item[1])[:MOST_LABELS]

    def words(self) -> list[str]:
        """The words of the evidence, the strongest first; contributions on the same word are summed.

        Words without letters are left out if there are others.
        """
        total: dict[str, float] = {}
        for item in self.evidence:
            word = item.word.strip()
            total[word] = total.get(word, 0.0) + item.contribution
        found = sorted(filter(None, total), key=lambda word: -total[word])
        return [word for word in found if any(map(str.isalnum, word))] or found

    def to_dict(self) -> dict[str, Any]:
        """The verdict as `classify --json` prints it."""
        out: dict[str, Any] = {}
        if self.flagged is not None:
            out["flagged"] = self.flagged
        else:
            out["label"] = self.label
        out["score"] = round(self.score, 4)
        out["cut"] = round(self.cut, 4)
        if self.flagged is None:
            out["top_labels"] = [
                {"label": label, "score": round(score, 4)} for label, score in self.top_labels
            ]
        out["rule"] = self.rule
        out["evidence"] = [item.to_dict() for item in self.evidence]
        return out
