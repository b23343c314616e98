"""Published figures for the same test rows, from `published.json` beside the data."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

NOT_A_LANGUAGE_MODEL = "Perspective"


@dataclass(frozen=True)
class Published:
    """Published figures.

    Attributes:
        source: Their source.
        figures: By language, then by model.
    """

    source: str
    figures: dict[str, dict[str, float]]

    @classmethod
    def read(cls, path: Path, metric: str) -> Published:
        """Read a file `{"source", "languages": {lang: {metric: {model: figure}}}}`.

        Args:
            path: The file.
            metric: The key under a language that holds the figures.

        Raises:
            BenchError: The file is missing or has another format.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            figures = {
                lang: {str(model): float(value) for model, value in part[metric].items()}
                for lang, part in content["languages"].items()
            }
            return cls(str(content["source"]), figures)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BenchError(
                f"{path}: expected source and figures under languages.<lang>.{metric}, "
                f"got {type(error).__name__}: {error}"
            ) from None

    def summary(self, models: Sequence[str]) -> dict[str, dict[str, float]]:
        """By language: best, median and number of the language models, and the figures of some models.

        Args:
            models: Names of those models; models without a figure are left out.
        """
        found = {}
        for lang, figures in self.figures.items():
            llms = [value for name, value in figures.items() if not name.startswith(NOT_A_LANGUAGE_MODEL)]
            found[lang] = {
                "models": len(llms),
                "best": max(llms),
                "median": statistics.median(llms),
                **{name: figures[name] for name in models if name in figures},
            }
        return found
