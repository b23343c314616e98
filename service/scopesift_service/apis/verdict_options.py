"""Options of a request: which classifiers answer, with which cuts, and whether evidence and spans are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scopesift_service.apis.loaded import LoadedClassifier, check_names
from scopesift_service.engine.judged import LANGUAGE, Judged
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type

CLASSIFIERS, THRESHOLDS, EXPLAIN, SPANS = "classifiers", "thresholds", "explain", "spans"
TOKENS = "tokens"
"""The value of `explain` with which evidence has every token on which its feature fires."""
NAMES = (CLASSIFIERS, THRESHOLDS, EXPLAIN, SPANS)


@dataclass(frozen=True)
class VerdictOptions:
    """Options of one request.

    Attributes:
        classifiers: Those that answer; None: all.
        thresholds: Cuts that replace those of binary classifiers, by name.
        explain: Whether verdicts have their evidence.
        tokens: Whether evidence has every token on which its feature fires.
        spans: Whether the language verdict has the spans of the text's languages.
    """

    classifiers: frozenset[str] | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    explain: bool = True
    tokens: bool = False
    spans: bool = False

    @property
    def name_classifiers(self) -> bool:
        """Whether there are names to check."""
        return self.classifiers is not None or bool(self.thresholds) or self.spans

    def check(self, loaded: Mapping[str, LoadedClassifier], prefix: str = "") -> None:
        """Check that the named classifiers are loaded, and that thresholds are for binary ones.

        Args:
            loaded: The loaded classifiers by name.
            prefix: Of the field's names in errors.

        Raises:
            ServiceError: 400 that lists the names.
        """
        check_names(sorted(self.classifiers or ()), loaded, prefix + CLASSIFIERS)
        binary = [name for name, classifier in loaded.items() if classifier.binary]
        check_names(self.thresholds, binary, prefix + THRESHOLDS, "binary classifier")
        if self.spans and not (
            LANGUAGE in loaded and len(loaded[LANGUAGE].labels) > 1 and self._answers(LANGUAGE)
        ):
            raise ServiceError(
                400,
                f"{prefix + SPANS} needs a classifier {LANGUAGE!r} of several labels that answers; leave it out",
                param=prefix + SPANS,
            )

    def apply(self, item: Judged) -> Judged:
        """The answer for one text with these options; `flagged` follows a threshold that is given."""
        if not (self.thresholds or self.classifiers) and self.explain:
            return item
        return {
            **item,
            "verdicts": {
                name: self._verdict(name, verdict)
                for name, verdict in item["verdicts"].items()
                if self._answers(name)
            },
            "classifiers": {
                name: version for name, version in item["classifiers"].items() if self._answers(name)
            },
        }

    def _answers(self, name: str) -> bool:
        return self.classifiers is None or name in self.classifiers

    def _verdict(self, name: str, verdict: dict[str, Any]) -> dict[str, Any]:
        changed = dict(verdict)
        if name in self.thresholds:
            changed["cut"] = self.thresholds[name]
            changed["flagged"] = verdict["score"] >= self.thresholds[name]
        if not self.explain:
            del changed["evidence"]
        return changed


def parse_options(content: Mapping[str, Any], prefix: str = "") -> VerdictOptions:
    """The options of a request; null counts as left out.

    Args:
        content: Holds the fields of `NAMES`; others are ignored.
        prefix: Of their names in errors.

    Raises:
        ServiceError: 400.
    """
    explain, spans = content.get(EXPLAIN), content.get(SPANS)
    if not (isinstance(explain, bool | None) or explain == TOKENS):
        got = repr(explain) if isinstance(explain, str) else json_type(explain)
        raise ServiceError(
            400, f'{prefix + EXPLAIN} must be true, false or "{TOKENS}", got {got}', param=prefix + EXPLAIN
        )
    if not isinstance(spans, bool | None):
        raise ServiceError(
            400, f"{prefix + SPANS} must be true or false, got {json_type(spans)}", param=prefix + SPANS
        )
    return VerdictOptions(
        classifiers=_names(content.get(CLASSIFIERS), prefix + CLASSIFIERS),
        thresholds=_cuts(content.get(THRESHOLDS), prefix + THRESHOLDS),
        explain=explain is not False,
        tokens=explain == TOKENS,
        spans=bool(spans),
    )


def _names(value: Any, param: str) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise ServiceError(
            400, f"{param} must be a list of at least one name; leave it out for all classifiers", param=param
        )
    return frozenset(value)


def _cuts(value: Any, param: str) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ServiceError(
            400, f'{param} must be an object such as {{"toxicity": 0.5}}, got {json_type(value)}', param=param
        )
    for cut in value.values():
        if isinstance(cut, bool) or not isinstance(cut, int | float) or not 0 < cut < 1:
            raise ServiceError(400, f"{param} must have numbers above 0 and below 1", param=param)
    return {name: float(cut) for name, cut in value.items()}
