"""Tables of settings in which names of others' APIs stand for our classifiers and their labels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from scopesift_files.errors import UsageError

from scopesift_service.engine.judged import Judged, is_binary

DECIMALS = 4  # as in verdicts


@dataclass(frozen=True)
class LabelSource:
    """What a name stands for: a binary classifier's verdict, or one label of a classifier.

    Attributes:
        classifier: Name of the classifier.
        label: One of its labels; None: the positive label of a binary classifier.
    """

    classifier: str
    label: str | None = None

    def score(self, item: Judged) -> float:
        """The label's calibrated probability for a text, whatever label is given."""
        if self.label is None:
            return float(item["verdicts"][self.classifier]["score"])
        return round(item["scores"][self.classifier][self.label], DECIMALS)

    def given(self, item: Judged) -> bool:
        """Whether the verdict gives the label."""
        verdict = item["verdicts"][self.classifier]
        return bool(verdict["flagged"] if is_binary(verdict) else verdict["label"] == self.label)

    def evidence(self, item: Judged) -> list[dict[str, Any]]:
        """The evidence for the label; of a label that is not given there is none."""
        verdict = item["verdicts"][self.classifier]
        return list(verdict["evidence"]) if is_binary(verdict) or verdict["label"] == self.label else []


@dataclass(frozen=True)
class LabelTable:
    """Names and what they stand for.

    Attributes:
        sources: By name, in the setting's order.
    """

    sources: dict[str, LabelSource] = field(default_factory=dict)

    @classmethod
    def parse(cls, setting: str, text: str, names: Collection[str] = ()) -> LabelTable:
        """Read `NAME=classifier,OTHER=classifier:label`.

        Args:
            setting: The variable's name, for errors.
            text: Its value.
            names: The names there may be; empty: any.

        Raises:
            UsageError: Another form, a name twice, or one that there is not.
        """
        sources: dict[str, LabelSource] = {}
        for part in filter(None, map(str.strip, text.split(","))):
            name, _, source = (piece.strip() for piece in part.partition("="))
            classifier, colon, label = (piece.strip() for piece in source.partition(":"))
            if not name or not classifier or (colon and not label):
                raise UsageError(
                    f"{setting} must be a list such as NAME=classifier,OTHER=classifier:label, got {part!r}"
                )
            if name in sources:
                raise UsageError(f"{setting} has {name!r} twice; leave one out")
            if names and name not in names:
                raise UsageError(f"{setting} has {name!r}; there are {', '.join(names)}")
            sources[name] = LabelSource(classifier, label or None)
        return cls(sources)
