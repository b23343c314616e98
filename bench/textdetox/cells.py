"""The cells of the TextDetox result, and means over draws and languages."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.errors import BenchError
from bench.markdown import three

SOURCE = "en"
OTHERS = ("ru", "uk", "es", "de", "hi", "ar", "zh", "am")
LANGUAGES = (SOURCE, *OTHERS)
SHARES = {"20": 0.006, "35": 0.01, "70": 0.02, "175": 0.05, "350": 0.1, "875": 0.25, "all": 1.0}
"""By number of labels: their share of the 3,500 that the benchmark has for most languages."""
ENGLISH, REST, UNLABELLED, TENTH, ALL = "english", "others", "unlabelled", "350", "all"
"""Labels: English ones; those of all other languages; either with 350 texts of the language without labels; its own."""
FIRST = (ENGLISH, REST, UNLABELLED, ALL, TENTH, *(size for size in SHARES if size not in (ALL, TENTH)))
"""The cells in the order in which they are measured."""
TRANSFER, FROM_ENGLISH, TFIDF = "transfer_others", "transfer", "tfidf"
TEXTS = 350
"""Texts of a language without labels."""
ACROSS, ENGLISH_MOVED, ACROSS_MOVED = "across", "linear_moved", "across_moved"
FROM_ENGLISH_SIZES = ("35", "350", "all")
"""Numbers of labels with which the classifier of English alone is transferred too."""
PERSPECTIVE, QWEN = "Perspective 0.55", "Qwen 2.5 (7B-L)"
NAMES = {
    TRANSFER: "**scopesift `transfer` from the other languages**",
    FROM_ENGLISH: "**scopesift `transfer` from English**",
    "linear": "**scopesift `linear`**",
    "greedy": "scopesift `greedy`, at most 16 features",
    "paper": "scopesift `paper`",
    "linear_probe": "linear probe",
    "lda": "closed-form LDA",
    "mean_difference": "residual mean-difference",
    TFIDF: "TF-IDF + logistic regression",
}


class NotMeasuredError(BenchError):
    """A cell of a table is not measured yet."""


def shown(number: Callable[[], float]) -> str:
    """Three decimals of a function's value, or a dash if a cell is not measured."""
    try:
        return three(number())
    except NotMeasuredError:
        return three(None)


def cell_name(lang: str, cell: str) -> str:
    """Name of a cell's row."""
    return f"{lang} {cell}"


@dataclass(frozen=True)
class Cells:
    """A stored result.

    Attributes:
        result: Content of the JSON file.
    """

    result: dict[str, Any]

    def draws(self, lang: str, cell: str, system: str, metric: str) -> list[float]:
        """A metric by draw.

        Raises:
            NotMeasuredError: The cell is not measured yet, or its systems do not have the metric.
        """
        try:
            draws = self.result["rows"][cell_name(lang, cell)]["draws"]
            return [float(draw[system][metric]) for draw in draws]
        except KeyError:
            raise NotMeasuredError(
                f"{metric} of {system} for {lang} with {cell} labels is not measured yet"
            ) from None

    def value(self, lang: str, cell: str, system: str, metric: str) -> float:
        """Mean of a metric over draws."""
        return statistics.fmean(self.draws(lang, cell, system, metric))

    def mean(self, cell: str, system: str, metric: str, langs: Sequence[str] = OTHERS) -> float:
        """Mean over languages of means over draws."""
        return statistics.fmean(self.value(lang, cell, system, metric) for lang in langs)

    def spread(self, cell: str, system: str, metric: str, langs: Sequence[str] = OTHERS) -> float:
        """Mean over languages of the standard deviation over draws."""
        return statistics.fmean(statistics.pstdev(self.draws(lang, cell, system, metric)) for lang in langs)

    def beside(self, cell: str, system: str, langs: Sequence[str] = OTHERS) -> dict[str, float]:
        """Mean balanced accuracy over languages of the systems that one was chosen from, by name.

        Raises:
            NotMeasuredError: A cell is not measured yet.
        """
        try:
            by_lang = [
                [draw[system]["beside"] for draw in self.result["rows"][cell_name(lang, cell)]["draws"]]
                for lang in langs
            ]
        except KeyError:
            raise NotMeasuredError(
                f"what {system} was chosen from is not measured with {cell} labels"
            ) from None
        names = [name for name in by_lang[0][0] if all(name in draw for own in by_lang for draw in own)]
        return {
            name: statistics.fmean(statistics.fmean(draw[name] for draw in own) for own in by_lang)
            for name in names
        }

    @property
    def published(self) -> dict[str, dict[str, float]]:
        """By language: models, best, median, and figures of single models."""
        languages: dict[str, dict[str, float]] = self.result["measured_on"]["published"]["languages"]
        return languages

    @property
    def source(self) -> str:
        """Source of the published figures."""
        return str(self.result["measured_on"]["published"]["source"])
