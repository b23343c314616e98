"""The numbers of the study: those of `bench textdetox`, and its own by number of features and by layer."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.results_file import stored
from bench.textdetox.cells import OTHERS, Cells, NotMeasuredError

FEATURES, LAYERS, REPRODUCTION = "features", "layers", "reproduction"
OWN, ENGLISH = "own", "english"
"""Labels that a single layer's systems are fitted on."""
SAME = ("scope", "rows")
"""What both results must have been measured on."""


@dataclass(frozen=True)
class Study:
    """Both results.

    Attributes:
        labels: Cells of the result of `bench textdetox`.
        result: Content of the study's JSON file.
    """

    labels: Cells
    result: dict[str, Any]

    @classmethod
    def stored(cls) -> Study:
        """Both results in `bench/results/`.

        Raises:
            BenchError: One is missing, or they are of different scopes or rows.
        """
        return cls.of(stored("study-cpu"))

    @classmethod
    def of(cls, result: dict[str, Any], out: Path | None = None) -> Study:
        """A study with the result of `bench textdetox` in a folder, or else in `bench/results/`; see `stored`."""
        labels = stored("textdetox-cpu", out)
        for name in SAME:
            if labels["measured_on"][name] != result["measured_on"][name]:
                raise BenchError(
                    f"the results of textdetox and study have different {name}; run both on the same data and scope"
                )
        return cls(Cells(labels), result)

    @property
    def layers(self) -> list[int]:
        """The scope's layers."""
        return list(self.result["measured_on"]["layers"])

    def by_size(self, lang: str, system: str, metric: str) -> dict[int, float]:
        """A metric on test rows by number of features.

        Raises:
            NotMeasuredError: The language is not measured yet.
        """
        points = self._row(f"{lang} {FEATURES}")[system]
        return {int(size): float(point[metric]) for size, point in points.items()}

    def by_size_mean(self, system: str, metric: str, langs: Sequence[str] = OTHERS) -> dict[int, float]:
        """The mean over languages."""
        found = [self.by_size(lang, system, metric) for lang in langs]
        sizes = [size for size in found[0] if all(size in own for own in found)]
        return {size: statistics.fmean(own[size] for own in found) for size in sizes}

    def on_layer(self, lang: str, labels: str, system: str, layer: int, metric: str) -> float:
        """A metric on test rows of a system on one layer, fitted on `OWN` or `ENGLISH` labels.

        Raises:
            NotMeasuredError: The language is not measured yet.
        """
        return float(self._row(f"{lang} {LAYERS}")[labels][system][str(layer)][metric])

    @property
    def reproduction(self) -> dict[str, Any]:
        """The report's study, as `scopesift reproduce` gives it.

        Raises:
            NotMeasuredError: It has not been run yet.
        """
        return self._row(REPRODUCTION)

    def _row(self, name: str) -> dict[str, Any]:
        try:
            row: dict[str, Any] = self.result["rows"][name]
        except KeyError:
            raise NotMeasuredError(f"{name} is not measured yet") from None
        return row
