"""The three bundled classifiers of nano: toxicity (English), language (16), domain (one taxonomy)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_classifiers.labelled_rows.sampling import balanced
from scopesift_classifiers.measuring.assessment import assess
from scopesift_features.scope import Scope

from recipes.bundled.domain import domain_rows, tfidf_by_language
from recipes.bundled.fitting import SPLITS, fit_and_measure
from recipes.bundled.languages import add_languages, languages_of
from recipes.nano.corpus import LANGUAGES

FIT_PER_CLASS, TEST_PER_CLASS = 2000, 500
LANGUAGE_TRAIN, LANGUAGE_DEV = 600, 150
TRANSFER_LANGUAGES = ("ar", "de", "fr", "ja", "ko", "pt", "zh")
NOT_TRANSFERRED = ("en", "ja")
"""English is the default; Japanese has 20 test rows."""
LAYERS = (1,)
"""Layers of the bundled classifiers, chosen on dev rows for speed: one shallow SAE instead of six. Single deeper
layers were better in some languages and worse in others."""


def toxicity_rows(data: Path, language: str, split: str) -> LabelledText:
    """One split of `toxicity/<language>`, balanced inside each source."""
    rows = read_labelled(data / "toxicity" / f"{language}.jsonl.gz", split=split)
    per_class = FIT_PER_CLASS if split == "train" else TEST_PER_CLASS
    return rows.select(np.sort(balanced(rows, per_class)))


def language_rows(data: Path, split: str) -> LabelledText:
    """One split of `language/`, nano's languages only; train and dev capped per language."""
    rows = read_labelled(data / "language" / f"{split}.jsonl.gz", label="lang")
    rows = rows.select([index for index, label in enumerate(rows.labels) if label in LANGUAGES])
    if split == "test":
        return rows
    cap = LANGUAGE_TRAIN if split == "train" else LANGUAGE_DEV
    return rows.select(np.sort(balanced(rows, cap, by_source=False)))


ROWS: dict[str, Callable[[Path, str], LabelledText]] = {
    "toxicity": lambda data, split: toxicity_rows(data, "en", split),
    "language": language_rows,
    "domain": lambda data, split: domain_rows(data, split, LANGUAGES),
}
SETTINGS = {
    "toxicity": FitSettings(),
    "language": FitSettings(unknown="und"),
    "domain": FitSettings(unknown="other"),
}


def fit_bundled(name: str, scope: Scope, data: Path, folder: Path, say: Callable[[str], None]) -> Classifier:
    """Fit, measure and write one of the bundled classifiers.

    Args:
        name: One of `ROWS`.
        scope: The nano scope.
        data: The folder that holds `toxicity/`, `language/` and `domain/`.
        folder: Folder for the artifact.
        say: Called with one line per step.
    """
    rows = {split: ROWS[name](data, split) for split in SPLITS}
    train, dev, test = (rows[split] for split in SPLITS)
    classifier, measured = fit_and_measure(name, scope, rows, SETTINGS[name], say)
    if name == "domain":
        measured["tfidf_by_lang"] = tfidf_by_language(train, dev, test)
    classifier = classifier.with_quality("test", measured)
    if name == "toxicity":
        classifier = _beside_toxicity(classifier, scope, data, train, dev, test, say)
    classifier.save(folder / f"{name}.json")
    return classifier


def add_bundled_languages(scope: Scope, data: Path, folder: Path, say: Callable[[str], None]) -> Classifier:
    """Add a decision for every language of `toxicity/` with enough test rows to the bundled toxicity classifier.

    Runs after all fits, since texts are routed by the language classifier of the same run.
    """
    classifier = add_languages(
        Classifier.load(folder / "toxicity.json"),
        Classifier.load(folder / "language.json"),
        scope,
        lambda code, split: toxicity_rows(data, code, split),
        languages_of(data, NOT_TRANSFERRED),
        say,
        cache=FeatureCache.default(),
    )
    classifier.save(folder / "toxicity.json")
    return classifier


def _beside_toxicity(
    classifier: Classifier,
    scope: Scope,
    data: Path,
    train: LabelledText,
    dev: LabelledText,
    test: LabelledText,
    say: Callable[[str], None],
) -> Classifier:
    """Measure the report's preset on the same rows, and the English decision on other languages."""
    say("toxicity: the paper preset on the same rows")
    paper = fit_classifier("toxicity", scope, train, dev, FitSettings(preset="paper"))
    measured: dict[str, Any] = assess(paper, scope, test)
    measured["features"] = [item.to_dict() for item in paper.default.features]
    classifier = classifier.with_quality("test, preset paper", measured)
    for code in TRANSFER_LANGUAGES:
        rows = toxicity_rows(data, code, "test")
        say(f"toxicity: zero-shot on {len(rows)} {code} rows")
        classifier = classifier.with_quality(f"zero-shot {code}", assess(classifier, scope, rows))
    return classifier
