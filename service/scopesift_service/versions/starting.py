"""The classifiers of a service: those that it starts with, and the versions in use since."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.judging.loading import load_classifiers
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

from scopesift_service.label_table import LabelTable
from scopesift_service.settings import (
    ATTRIBUTES_SETTING,
    CATEGORIES_SETTING,
    STEERING_SETTING,
    ServiceSettings,
)
from scopesift_service.versions.registry import Registry


def start_classifiers(scope: Scope, chosen: ServiceSettings) -> list[Classifier]:
    """The classifiers of a service whose settings name only what these and the scope have.

    Raises:
        UsageError: No classifiers, a table of names with a classifier or label that there is not, or steering with an
            encoder.
    """
    if chosen.steering_enabled:
        check_steering(scope)
    classifiers = load_classifiers(chosen.classifiers, scope.id)
    check_table(ATTRIBUTES_SETTING, chosen.perspective_attributes, classifiers)
    check_table(CATEGORIES_SETTING, chosen.openai_categories, classifiers)
    return classifiers


def check_steering(scope: Scope) -> None:
    """Check that the scope's model generates text.

    Raises:
        UsageError: An encoder.
    """
    try:
        scope.source.check_generates()
    except ScopeError as error:
        raise UsageError(f"{STEERING_SETTING}=on: {error}") from None


def check_table(setting: str, table: LabelTable, classifiers: Sequence[Classifier]) -> None:
    """Check that every name stands for a binary classifier or a label of a classifier.

    Args:
        setting: The variable's name, for errors.
        table: Its value.
        classifiers: The loaded classifiers.

    Raises:
        UsageError: One line for the first name that does not.
    """
    by_name = {classifier.name: classifier for classifier in classifiers}
    for name, source in table.sources.items():
        classifier = by_name.get(source.classifier)
        if classifier is None:
            raise UsageError(
                f"{setting}: {name} names the classifier {source.classifier!r}, which is not loaded; there are "
                f"{', '.join(by_name)}"
            )
        if source.label is None and classifier.kind != BINARY:
            raise UsageError(
                f"{setting}: {name} needs a label of {classifier.name}, such as "
                f"{name}={classifier.name}:{classifier.labels[0]}"
            )
        if source.label is not None and source.label not in classifier.labels:
            raise UsageError(
                f"{setting}: {name} names the label {source.label!r}, which {classifier.name} does not score; it has "
                f"{', '.join(classifier.labels)}"
            )


def classifier_in_use(name: str, scope: Scope, chosen: ServiceSettings) -> Classifier:
    """The version of a loaded classifier that is in use: the state folder's active one, or the initial one."""
    if chosen.state is not None:
        registry = Registry(chosen.state)
        version = registry.active(name)
        if version is not None:
            return Classifier.load(registry.path(name, version))
    return {item.name: item for item in load_classifiers(chosen.classifiers, scope.id)}[name]
