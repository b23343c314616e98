"""The cells of the TextDetox result: which there are, and means over draws and languages."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SOURCE = "en"
OTHERS = ("ru", "uk", "es", "de", "hi", "ar", "zh", "am")
LANGUAGES = (SOURCE, *OTHERS)
SHARES = {"35": 0.01, "175": 0.05, "350": 0.1, "875": 0.25, "all": 1.0}
"""By number of labels: their share of the 3,500 that the benchmark has for most languages."""
ENGLISH, TENTH, ALL = "english", "350", "all"
CELLS = (ENGLISH, *SHARES)
FIRST = (ENGLISH, ALL, TENTH, *(size for size in SHARES if size not in (ALL, TENTH)))
"""The cells in the order in which they are measured."""
TRANSFER, TFIDF = "transfer", "tfidf"
PERSPECTIVE, QWEN = "Perspective 0.55", "Qwen 2.5 (7B-L)"
NAMES = {
    TRANSFER: "**scopesift `transfer` from English**",
    "linear": "**scopesift `linear`**",
    "greedy": "scopesift `greedy`, at most 16 features",
    "paper": "scopesift `paper`",
    "linear_probe": "linear probe",
    "lda": "closed-form LDA",
    "mean_difference": "residual mean-difference",
    TFIDF: "TF-IDF + logistic regression",
}


def cell_name(lang: str, cell: str) -> str:
    """Name of the row that holds a cell."""
    return f"{lang} {cell}"


@dataclass(frozen=True)
class Cells:
    """A stored result.

    Attributes:
        result: Content of the JSON file.
    """

    result: dict[str, Any]

    def has(self, lang: str, cell: str, system: str) -> bool:
        """Whether a system was measured in a cell."""
        return system in self._draws(lang, cell)[0]

    def draws(self, lang: str, cell: str, system: str, metric: str) -> list[float]:
        """A metric, draw by draw."""
        return [float(draw[system][metric]) for draw in self._draws(lang, cell)]

    def value(self, lang: str, cell: str, system: str, metric: str) -> float:
        """Mean of a metric over draws."""
        return statistics.fmean(self.draws(lang, cell, system, metric))

    def optional(self, lang: str, cell: str, system: str, metric: str) -> float | None:
        """The same; None for a metric that the system does not have."""
        known = all(metric in draw[system] for draw in self._draws(lang, cell))
        return self.value(lang, cell, system, metric) if known else None

    def mean(self, cell: str, system: str, metric: str, langs: Sequence[str] = OTHERS) -> float:
        """Mean over languages of means over draws."""
        return statistics.fmean(self.value(lang, cell, system, metric) for lang in langs)

    def spread(self, cell: str, system: str, metric: str, langs: Sequence[str] = OTHERS) -> float:
        """Mean over languages of the standard deviation over draws."""
        return statistics.fmean(statistics.pstdev(self.draws(lang, cell, system, metric)) for lang in langs)

    @property
    def published(self) -> dict[str, dict[str, float]]:
        """By language: models, best, median, and figures of single models."""
        languages: dict[str, dict[str, float]] = self.result["measured_on"]["published"]["languages"]
        return languages

    @property
    def source(self) -> str:
        """Where the published figures stand."""
        return str(self.result["measured_on"]["published"]["source"])

    def _draws(self, lang: str, cell: str) -> list[dict[str, Any]]:
        draws: list[dict[str, Any]] = self.result["rows"][cell_name(lang, cell)]["draws"]
        return draws
