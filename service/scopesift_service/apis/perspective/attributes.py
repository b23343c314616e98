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
    names: Iterable[str],
    sources: Mapping[str, LabelSource],
    *,
    omit: bool,
    param: str,
    remedy: str,
    kind: str = "classifier",
) -> dict[str, LabelSource]:
    """What the attributes of a request stand for.

    Args:
        names: The request's attributes.
        sources: Those that can be answered.
        omit: Whether to leave out the others that Perspective has; if not, they are refused.
        param: The request's field.
        remedy: How they are left out, for the error.
        kind: What would assess them, for the error.

    Raises:
        ServiceError: 400 for an attribute that Perspective doesn't have either, and, unless they are left out, for
            all those that only Perspective has.
    """
    chosen, missing = {}, []
    has = f"this service has {', '.join(sources) or 'none'}"
    for name in names:
        if name in sources:
            chosen[name] = sources[name]
        elif name in PERSPECTIVE_ATTRIBUTES:
            missing.append(name)
        else:
            raise refused(f"Unknown requested attribute: {name[:64]}; {has}", param)
    if missing and not omit:
        them = "it" if len(missing) == 1 else "them"
        raise refused(
            f"Perspective has {', '.join(missing)}, but no {kind} here assesses {them}; {has}: {remedy} to leave "
            f"{them} out",
            param,
        )
    return chosen
