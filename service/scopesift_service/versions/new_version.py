"""Makes a new version from the one in use: locked, recorded, stored, and put into use unless it is to be a draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import Action, AuditLog, Change
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.starting import classifier_in_use

LOCK_SECONDS = 5.0


@dataclass(frozen=True, eq=False)
class NewVersion:
    """A change of a classifier whose lock is held.

    Attributes:
        registry: The state folder.
        base: The version in use.
        action: What is done to it.
        who: Name of the admin token's holder.
    """

    registry: Registry
    base: Classifier
    action: Action
    who: str

    def keep(self, made: Classifier, about: Mapping[str, Any], *, activate: bool) -> str | None:
        """Record and store the new version, and put it into use if so wanted.

        Returns:
            The version before it, see `Registry.activate`.

        Raises:
            AuditError: It can't be recorded; nothing is stored or changed.
        """
        name = self.base.name
        new = activate or not self.registry.path(name, made.version).is_file()
        if new and made.version != self.base.version:
            change = Change(self.who, self.action, name, made.version, self.base.version, activate, about)
            AuditLog(self.registry.folder).append(change)
        self.registry.store(name, made.version, made.to_json())
        return self.registry.activate(name, made.version) if activate else self.base.version


@contextmanager
def new_version(
    name: str, scope: Scope, chosen: ServiceSettings, action: Action, who: str
) -> Iterator[NewVersion]:
    """Hold a classifier's lock while a new version is made from the one in use.

    Raises:
        BusyError: Another change of it is being made.
        UsageError: There is no state folder, or it can't be written.
    """
    registry = state_of(chosen)
    with registry.lock(name, seconds=LOCK_SECONDS):
        registry.remove_leftovers(name)
        base = classifier_in_use(name, scope, chosen)
        if registry.active(name) is None:
            registry.store(name, base.version, base.to_json())
            registry.activate(name, base.version)
        yield NewVersion(registry, base, action, who)


def state_of(chosen: ServiceSettings) -> Registry:
    """The state folder.

    Raises:
        UsageError: There is none.
    """
    if chosen.state is None:
        raise UsageError("there is no state folder; set SCOPESIFT_STATE")
    return Registry(chosen.state)
