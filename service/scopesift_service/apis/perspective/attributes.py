"""Which of our classifiers and labels an attribute of a request stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scopesift_service.apis.loaded import LoadedClassifier
from scopesift_service.apis.perspective.comment import refused
from scopesift_service.label_table import LabelSource, LabelTable
from scopesift_service.published_names import PERSPECTIVE_ATTRIBUTES


def attribute_sources(loaded: Iterable[LoadedClassifier], table: LabelTable) -> dict[str, LabelSource]:
    """All attributes: upper-cased names of binary classifiers, and the table's, which replace those of the same name.

    Args:
        loaded: The loaded classifiers.
        table: The setting, checked at the start.
    """
    own = {
        classifier.name.upper(): LabelSource(classifier.name) for classifier in loaded if classifier.binary
    }
    return {**own, **table.sources}


def choose_sources(
    names: Iterable[str], sources: Mapping[str, LabelSource], *, omit: bool, param: str
) -> dict[str, LabelSource]:
    """What the attributes of a request stand for.

    Args:
        names: The request's attributes.
        sources: Those that can be answered.
        omit: Whether to leave out the others that Perspective has; if not, they are refused.
        param: The request's field.

    Raises:
        ServiceError: 400 for an attribute that there is not.
    """
    chosen = {}
    for name in names:
        if name in sources:
            chosen[name] = sources[name]
        elif not (omit and name in PERSPECTIVE_ATTRIBUTES):
            raise refused(
                f"Unknown requested attribute: {name[:64]}; this service has {', '.join(sources) or 'none'}",
                param,
            )
    return chosen
