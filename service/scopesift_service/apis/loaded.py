"""What the HTTP process knows of the loaded classifiers: names, kinds and labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scopesift_service.engine.client import EngineClient
from scopesift_service.http.errors import ServiceError


@dataclass(frozen=True)
class LoadedClassifier:
    """One loaded classifier.

    Attributes:
        name: Its name.
        binary: Whether its verdicts are flagged or not; others give a label.
        labels: Its labels; a binary one's positive label.
        unknown: The label where none is given; a binary one's negative label.
    """

    name: str
    binary: bool
    labels: tuple[str, ...]
    unknown: str


class LoadedClassifiers:
    """The loaded classifiers, asked of the engine once: versions may change later, names and labels don't."""

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._found: dict[str, LoadedClassifier] = {}

    async def by_name(self) -> dict[str, LoadedClassifier]:
        """The loaded classifiers by name.

        Raises:
            ServiceError: 503 while the engine is down.
        """
        if not self._found:
            described = await self._engine.describe()
            self._found = {
                item["name"]: LoadedClassifier(
                    item["name"], item["kind"] == "binary", tuple(item["labels"]), item["unknown"]
                )
                for item in described["classifiers"]
            }
        return self._found


def check_names(names: Iterable[str], known: Iterable[str], param: str, kind: str = "classifier") -> None:
    """Check that classifiers are loaded.

    Args:
        names: The names of a request.
        known: Those that it may name.
        param: The request's field.
        kind: What they are called in the error.

    Raises:
        ServiceError: 400 that lists the known ones.
    """
    known = list(known)
    for name in names:
        if name not in known:
            raise ServiceError(
                400,
                f"{param} names {name[:64]!r}, which is no loaded {kind}; there are {', '.join(known) or 'none'}",
                code="unknown_classifier",
                param=param,
            )
