"""Options of a request: which classifiers answer, with which cuts, and whether evidence is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scopesift_service.apis.loaded import LoadedClassifier, check_names
from scopesift_service.engine.judged import Judged
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type

CLASSIFIERS, THRESHOLDS, EXPLAIN = "classifiers", "thresholds", "explain"
NAMES = (CLASSIFIERS, THRESHOLDS, EXPLAIN)


@dataclass(frozen=True)
class VerdictOptions:
    """Options of one request.

    Attributes:
        classifiers: Those that answer; None: all.
        thresholds: Cuts that replace those of binary classifiers, by name.
        explain: Whether verdicts have their evidence.
    """

    classifiers: frozenset[str] | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    explain: bool = True

    @property
    def name_classifiers(self) -> bool:
        """Whether there are names to check."""
        return self.classifiers is not None or bool(self.thresholds)

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

    def apply(self, item: Judged) -> Judged:
        """The answer for one text with these options; `flagged` follows a threshold that is given."""
        if self == DEFAULT_OPTIONS:
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


DEFAULT_OPTIONS = VerdictOptions()


def parse_options(content: Mapping[str, Any], prefix: str = "") -> VerdictOptions:
    """The options of a request; null counts as left out.

    Args:
        content: Holds the fields of `NAMES`; others are ignored.
        prefix: Of their names in errors.

    Raises:
        ServiceError: 400.
    """
    explain = content.get(EXPLAIN)
    if explain is not None and not isinstance(explain, bool):
        param = prefix + EXPLAIN
        raise ServiceError(400, f"{param} must be true or false, got {json_type(explain)}", param=param)
    return VerdictOptions(
        _names(content.get(CLASSIFIERS), prefix + CLASSIFIERS),
        _cuts(content.get(THRESHOLDS), prefix + THRESHOLDS),
        explain is not False,
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
