"""The bundled classifiers of smollm2: few features each, since what they read is also what is steered and traced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import FitSettings
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows, read_labelled
from scopesift_classifiers.labelled_rows.sampling import balanced
from scopesift_classifiers.rule_search.linear import LinearSettings
from scopesift_features.scope import Scope

from recipes.bundled.domain import MMLU, domain_rows
from recipes.bundled.fitting import SPLITS, fit_and_measure
from recipes.smollm2.text import ENGLISH, LANGUAGES

LANGUAGE_PER_CLASS = {"train": 400, "dev": 100}
MMLU_PER_CLASS = {"train": 100, "dev": 50, "test": 80}
"""MMLU's questions are long, and SIB-200's sentences few."""


def language_rows(data: Path, split: str) -> LabelledText:
    """One split of `language/` in the languages of the SAEs' text; train and dev capped per language."""
    rows = read_labelled(data / "language" / f"{split}.jsonl.gz", label="lang")
    rows = rows.select([index for index, label in enumerate(rows.labels) if label in LANGUAGES])
    if split == "test":
        return rows
    return rows.select(np.sort(balanced(rows, LANGUAGE_PER_CLASS[split], by_source=False)))


def english_domain_rows(data: Path, split: str) -> LabelledText:
    """One split of `domain/` in English: all of SIB-200, and of MMLU an equal number per label."""
    rows = domain_rows(data, split, (ENGLISH,))
    parts = [
        rows.select([index for index, source in enumerate(rows.sources) if (source == MMLU) is questions])
        for questions in (False, True)
    ]
    some = balanced(parts[1], MMLU_PER_CLASS[split], by_source=False)
    return join_rows([parts[0], parts[1].select(np.sort(some))])


ROWS: dict[str, Callable[[Path, str], LabelledText]] = {
    "language": language_rows,
    "domain": english_domain_rows,
}
SETTINGS = {
    "language": FitSettings(preset="linear", unknown="und", linear=LinearSettings(max_features=64)),
    "domain": FitSettings(preset="linear", unknown="other", linear=LinearSettings(max_features=128)),
}


def fit_bundled(name: str, scope: Scope, data: Path, folder: Path, say: Callable[[str], None]) -> Classifier:
    """Fit, measure and write one of the bundled classifiers.

    Args:
        name: One of `ROWS`.
        scope: The smollm2 scope.
        data: The folder that holds `language/` and `domain/`.
        folder: Folder for the artifact.
        say: Called with one line per step.
    """
    rows = {split: ROWS[name](data, split) for split in SPLITS}
    classifier, measured = fit_and_measure(
        name, scope, rows, SETTINGS[name], say, cache=FeatureCache.default()
    )
    classifier = classifier.with_quality("test", measured)
    classifier.save(folder / f"{name}.json")
    return classifier
