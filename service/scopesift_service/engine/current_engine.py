"""The engine in use: the versions of the classifiers that the state folder names, loaded again when it names others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.tokenised import TokenisedTexts
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_files.errors import InputError, ScopesiftError

from scopesift_service import metrics
from scopesift_service.versions.registry import Registry, Stamp

RETRY_SECONDS = 1.0
log = logging.getLogger("scopesift.engine")


class Predicts(Protocol):
    """What the service asks of an engine."""

    classifiers: dict[str, Classifier]

    @property
    def versions(self) -> dict[str, str]: ...  # noqa: D102

    def predict(self, texts: Sequence[str]) -> list[dict[str, Verdict]]: ...  # noqa: D102

    def tokenise(self, texts: Sequence[str]) -> TokenisedTexts: ...  # noqa: D102

    def predict_tokenised(self, texts: TokenisedTexts) -> list[dict[str, Verdict]]: ...  # noqa: D102


MakeEngine = Callable[[Sequence[Classifier]], Predicts]


class CurrentEngine:
    """The engine with the versions that the state folder names.

    Attributes:
        engine: Replaced as a whole, so that a batch is classified by one engine from its first text to its last.
    """

    def __init__(
        self, base: Sequence[Classifier], make_engine: MakeEngine, registry: Registry | None
    ) -> None:
        """Load the base classifiers, then the versions that the state folder names.

        Args:
            base: Initial classifiers; the state folder may name other versions of them.
            make_engine: Creates an engine for classifiers; raises for classifiers of another scope.
            registry: The state folder, if there is one.

        Raises:
            ScopesiftError: The base classifiers cannot be loaded.
        """
        self._base = list(base)
        self._make_engine = make_engine
        self._registry = registry
        self._stamps: dict[str, Stamp] = {}
        self._retry_at = float("inf")
        self.engine = make_engine(self._base)
        if registry is not None:
            for classifier in self._base:
                registry.store(classifier.name, classifier.version, classifier.to_json())
        self._tell_versions({})
        self.refresh()

    def refresh(self) -> None:
        """Load the versions that the state folder names, if changed; a version that can't be loaded is ignored."""
        if self._registry is None:
            return
        stamps = {classifier.name: self._registry.stamp(classifier.name) for classifier in self._base}
        if stamps == self._stamps and time.monotonic() < self._retry_at:
            return
        self._stamps = stamps
        self._retry_at = float("inf")
        wanted = [self._wanted(classifier) for classifier in self._base]
        before = self.engine.versions
        if {classifier.name: classifier.version for classifier in wanted} == before:
            return
        try:
            self.engine = self._make_engine(wanted)
        except ScopesiftError as error:
            self._keep("all", str(error))
            return
        self._tell_versions(before)
        log.info("classifiers changed", extra={"versions": self.engine.versions})

    def _wanted(self, base: Classifier) -> Classifier:
        """The version that the pointer names, or the one in use if that can't be read."""
        current = self.engine.classifiers[base.name]
        if self._registry is None:
            return current
        try:
            version = self._registry.active(base.name)
            if version is None:
                return base
            if version == current.version:
                return current
            found = Classifier.load(self._registry.path(base.name, version))
            if (found.name, found.version) != (base.name, version):
                raise InputError(f"version {version} of {base.name} holds {found.name} {found.version}")
            self._make_engine([found])
        except (ScopesiftError, OSError) as error:
            self._keep(base.name, str(error))
            return current
        return found

    def _keep(self, name: str, reason: str) -> None:
        metrics.version_failures.labels(name).inc()
        self._retry_at = time.monotonic() + RETRY_SECONDS
        log.error(
            "a version cannot be loaded, the previous one stays in use",
            extra={"classifier": name, "reason": reason},
        )

    def _tell_versions(self, before: Mapping[str, str]) -> None:
        for name, version in before.items():
            metrics.classifier_info.labels(name, version).set(0)
        for name, version in self.engine.versions.items():
            metrics.classifier_info.labels(name, version).set(1)
