"""The classifier artifact: one JSON file, readable and editable by people."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from scopesift_features.catalogue.settings import INT8, ReadingSettings
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.reading.selected_features import SelectedFeature
from scopesift_features.restoring.restore import restored
from scopesift_features.scope import Scope
from scopesift_files.atomic import write_atomically
from scopesift_files.errors import InputError, ScopeError, ScopesiftError, UsageError, first_line

from scopesift_classifiers.artifact.bundled import find_artifact, int8_version
from scopesift_classifiers.artifact.decision import Decision, decision_from_json
from scopesift_classifiers.artifact.name import check_name
from scopesift_classifiers.artifact.text import digest, readable

SCHEMA = 1
BINARY = "binary"
MANY = "many"
DEFAULT = "default"
LANGUAGE = "language"
"""Name of the classifier whose label chooses the decision of the others."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """Decisions over one scope, with calibration, provenance and measured quality.

    Attributes:
        name: Key of its verdicts: "toxicity", "language", …
        kind: "binary" (one positive label, flagged or not) or "many" (one label out of several).
        unknown: Label of texts below the cut or without evidence: "und", "other"; for binary the negative label.
        scope: Fingerprint of the scope that it was fitted on.
        settings: Reading settings of the fit.
        norm_bounds: Layer -> norm bound of the fit, if the settings have a norm limit.
        restore: Whether texts are read with obfuscated spelling undone, see `scopesift_features.restoring`.
        default: The default decision.
        by_lang: Decisions of single languages, added by `transfer`.
        route_confidence: Minimum score of the language verdict for using `by_lang`.
        fit: Data fingerprint, preset and settings of the fit.
        quality: Metrics on data that it was not fitted on, by the name of the data.
    """

    name: str
    kind: str
    unknown: str
    scope: dict[str, str]
    settings: ReadingSettings
    default: Decision
    by_lang: dict[str, Decision] = field(default_factory=dict)
    route_confidence: float = 0.5
    norm_bounds: dict[int, float] = field(default_factory=dict)
    restore: bool = False
    fit: dict[str, Any] = field(default_factory=dict)
    quality: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check its name and languages.

        Raises:
            UsageError: A name that would overwrite another field of an answer, or a language called "default".
        """
        check_name(self.name)
        if DEFAULT in self.by_lang:
            raise UsageError(f"a language cannot be called {DEFAULT!r}, the name of the default decision")

    @property
    def labels(self) -> list[str]:
        """Its labels, without the unknown one."""
        return list(self.default.rules)

    @cached_property
    def features(self) -> list[tuple[int, int]]:
        """Every (layer, index) that any of its decisions reads, sorted."""
        return sorted({feature for decision in self.decisions.values() for feature in decision.feature_ids})

    def selected(self, feature: tuple[int, int]) -> SelectedFeature:
        """One of its features with its norm bound."""
        return SelectedFeature(*feature, self.norm_bounds.get(feature[0], math.inf))

    def as_read(self, texts: Sequence[str]) -> list[str]:
        """Texts as the classifier reads them: restored if `restore` is set."""
        return restored(texts, self.restore)

    @property
    def decisions(self) -> dict[str, Decision]:
        """The default decision and those of languages sorted by code, by "default" and language."""
        return {DEFAULT: self.default, **dict(sorted(self.by_lang.items()))}

    def rule_for(self, lang: str) -> str:
        """Name of the decision for texts of a language: its code if it has its own, else "default"."""
        return lang if lang in self.by_lang else DEFAULT

    def decision(self, rule: str) -> Decision:
        """The decision called "default", or that of a language."""
        return self.default if rule == DEFAULT else self.by_lang[rule]

    @property
    def deepest_layer(self) -> int:
        """The deepest layer that it reads; the backbone is cut after it."""
        return max((layer for layer, _ in self.features), default=0)

    @cached_property
    def version(self) -> str:
        """Hash of everything that affects verdicts, and of the names that people gave to features.

        Not of measured quality, and not of the labels that features come with.
        """
        decisive = {key: value for key, value in self._content().items() if key not in ("fit", "quality")}
        return digest(decisive)[:12]

    def with_quality(self, data: str, measured: Mapping[str, Any]) -> Classifier:
        """The same classifier with metrics on one more data set."""
        return replace(self, quality={**self.quality, data: dict(measured)})

    def check_scope(self, scope: Scope) -> None:
        """Check that a scope is the one that this classifier reads.

        Raises:
            ScopeError: Another scope, another precision of the backbone, other weights or reading settings.
        """
        if (
            INT8 in (self.settings.dtype, scope.settings.dtype)
            and self.settings.dtype != scope.settings.dtype
        ):
            version = int8_version(self.name) if scope.settings.dtype == INT8 else self.name
            raise ScopeError(
                f"classifier {self.name!r} is in {self.settings.dtype}, but {scope.id} is read in "
                f"{scope.settings.dtype} here; take one in {scope.settings.dtype} (of the bundled ones {version}), or "
                f"read {scope.id} in {self.settings.dtype}"
            )
        theirs = scope.fingerprint
        for key in ("id", "sha256"):
            if self.scope.get(key) != theirs[key]:
                raise ScopeError(
                    f"classifier {self.name!r} was fitted on scope {self.scope.get('id')!r} "
                    f"({self.scope.get('sha256', '')[:12]}), but this is {theirs['id']!r} ({theirs['sha256'][:12]}); "
                    "load its own scope or fit it again on this one"
                )
        if self.settings != scope.settings:
            raise ScopeError(
                f"classifier {self.name!r} was fitted with {self.settings}, but the scope reads with "
                f"{scope.settings}; load the scope with the same settings or fit again"
            )

    def bind(self, scope: Scope) -> Scope:
        """The scope with this classifier's norm bounds.

        Raises:
            ScopeError: As `check_scope`.
        """
        self.check_scope(scope)
        return scope if scope.norm_bounds == self.norm_bounds else scope.with_bounds(self.norm_bounds)

    def to_json(self) -> str:
        """The artifact's text, in canonical form: equal classifiers give equal bytes."""
        content = {**self._content(), "schema": SCHEMA, "version": self.version}
        content["sha256"] = digest(content)
        return readable(content) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the artifact atomically."""
        text = self.to_json()
        write_atomically(Path(path), lambda temporary: temporary.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, name_or_path: str | Path, scope_id: str = DEFAULT_SCOPE) -> Classifier:
        """Read a bundled classifier by name, or an artifact by path.

        Args:
            name_or_path: "toxicity", "language", …, "toxicity-int8", …, or a file.
            scope_id: Scope of a bundled name; ignored for a path.

        Raises:
            UsageError: No such classifier or file.
            InputError: Not an artifact, of a newer schema, or changed after it was written.
        """
        path = find_artifact(name_or_path, scope_id)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path} is not a classifier artifact: {first_line(error)}") from None
        return cls.from_dict(content, origin=str(path))

    @classmethod
    def from_dict(cls, content: Any, *, origin: str) -> Classifier:
        """Check and read an artifact's JSON content.

        Raises:
            InputError: See `load`; `origin` is the place in messages.
        """
        if not isinstance(content, dict) or "schema" not in content:
            raise InputError(
                f"{origin} is not a classifier artifact: it has no schema; write one with `scopesift fit`"
            )
        if content["schema"] != SCHEMA:
            raise InputError(
                f"{origin} has schema {content['schema']!r}, this scopesift reads schema {SCHEMA}; "
                "update scopesift or fit the classifier again"
            )
        plain = {key: value for key, value in content.items() if key != "sha256"}
        classifier = cls._read(plain, origin)
        if content.get("sha256") != digest(plain) or content.get("version") != classifier.version:
            raise InputError(
                f"{origin} was changed after it was written (its sha256 does not match; only the features' labels "
                "may be edited); restore it or fit it again"
            )
        return classifier

    @classmethod
    def _read(cls, content: dict[str, Any], origin: str) -> Classifier:
        try:
            return cls(
                name=str(content["name"]),
                kind=_known_kind(content["kind"]),
                unknown=str(content["unknown"]),
                scope=dict(content["scope"]),
                settings=ReadingSettings.from_dict(content["settings"]),
                default=decision_from_json(content["default"]),
                by_lang={code: decision_from_json(value) for code, value in content["by_lang"].items()},
                route_confidence=float(content["route_confidence"]),
                norm_bounds={
                    int(layer): float(bound) for layer, bound in content.get("norm_bounds", {}).items()
                },
                restore=bool(content.get("restore", False)),
                fit=dict(content["fit"]),
                quality=dict(content["quality"]),
            )
        except ScopesiftError as error:
            raise InputError(f"{origin}: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{origin} lacks a field of a classifier artifact ({type(error).__name__}: {error}); fit it again"
            ) from None

    def _content(self) -> dict[str, Any]:
        bounds = {str(layer): bound for layer, bound in sorted(self.norm_bounds.items())}
        return {
            "name": self.name,
            "kind": self.kind,
            "unknown": self.unknown,
            "scope": self.scope,
            "settings": self.settings.to_dict(),
            **({"norm_bounds": bounds} if bounds else {}),
            **({"restore": True} if self.restore else {}),
            "default": self.default.to_dict(),
            "by_lang": {code: decision.to_dict() for code, decision in sorted(self.by_lang.items())},
            "route_confidence": self.route_confidence,
            "fit": self.fit,
            "quality": self.quality,
        }


def _known_kind(value: Any) -> str:
    if value not in (BINARY, MANY):
        raise InputError(f"kind must be {BINARY!r} or {MANY!r}, got {value!r}")
    return str(value)
