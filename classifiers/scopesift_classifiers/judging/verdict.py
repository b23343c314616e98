"""What a classifier says of a text, with the evidence: which feature, which characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """A feature that spoke for a label, and where it was strongest.

    Attributes:
        layer: The decoder block.
        feature: Index in that block's SAE.
        name: What a person calls the feature.
        activation: Its largest activation in the text.
        threshold: What it had to reach; 0 where any activation counts.
        contribution: What it contributed to the margin of the label: for a linear rule its weight times its
            transformed activation (with the bias, all contributions add up to the margin), for counted log-odds its
            weight in nats, for a rule of thresholds activation / threshold.
        start: Character offset in the text where the strongest token begins.
        end: Where it ends, exclusive.
        text: The characters between.
        word: The whole word around them, which is what people are shown.
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

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON values."""
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
        }


@dataclass(frozen=True)
class Verdict:
    """One classifier's answer for one text.

    Attributes:
        kind: "binary" or "many".
        label: The label given; for a binary classifier its positive label or the unknown one.
        flagged: For a binary classifier, whether the score reaches the cut; None for many classes.
        score: Calibrated probability: of the positive label, or that the given label is right.
        scores: Calibrated probability of every label.
        rule: "default", or the language whose rule was used.
        evidence: The features that spoke for the label, largest contribution first.
    """

    kind: str
    label: str
    flagged: bool | None
    score: float
    scores: dict[str, float]
    rule: str
    evidence: tuple[Evidence, ...]

    @property
    def likeliest(self) -> str:
        """The label given, or where none is, the one that is likeliest."""
        return self.label if self.label in self.scores else max(self.scores, key=self.scores.__getitem__)

    def words(self) -> list[str]:
        """The words that spoke for the label, most first: features on the same word add up.

        Marks without a letter are left out where there are words.
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
        out["rule"] = self.rule
        out["evidence"] = [item.to_dict() for item in self.evidence]
        return out
