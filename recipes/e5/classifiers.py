"""The five bundled classifiers of e5, fitted and measured; test rows are not used for choices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import fit_classifier
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.assessment import assess
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.rule_search.linear import LinearSettings
from scopesift_features.scope import Scope

from recipes.bundled.domain import tfidf_by_language
from recipes.bundled.fitting import SPLITS, fit_and_measure
from recipes.e5.every_language import FEW_ROWS
from recipes.e5.rows import ROWS, TASK_TYPE, toxicity_languages, toxicity_rows, unlabelled_domain_rows
from recipes.task_type.measuring import add_measurements

MOST_READABLE = 16
OF_A_LANGUAGE = FitSettings(preset="linear", linear=LinearSettings(max_features=256))
"""Maximum features per language; fewer than for English, since all are read for every text."""
OF_LANGUAGE = LinearSettings(max_features=512, sizes=(512,))
"""Half of that is enough to tell known languages apart, but fewer texts in unknown ones are then seen to be unknown."""
SETTINGS = {
    "language": FitSettings(unknown="und", linear=OF_LANGUAGE),
    "toxicity": FitSettings(),
    "domain": FitSettings(unknown="other"),
    "sentiment": FitSettings(unknown="unclear"),
    TASK_TYPE: FitSettings(preset="linear", unknown="other", linear=LinearSettings(max_features=256)),
}
BESIDE = {
    "preset paper": FitSettings(preset="paper"),
    "preset greedy": FitSettings(preset="greedy", greedy=GreedySettings(max_features=MOST_READABLE)),
}
"""Other fits on the same rows, for comparison with the bundled toxicity classifier."""


def all_rows(data: Path) -> Iterator[LabelledText]:
    """The rows of all classifiers, and of toxicity in all languages."""
    yield from (rows_of(data, split) for rows_of in ROWS.values() for split in SPLITS)
    for code in toxicity_languages(data):
        yield from (toxicity_rows(data, code, split) for split in SPLITS)


def fit_bundled(name: str, scope: Scope, data: Path, folder: Path, say: Callable[[str], None]) -> Classifier:
    """Fit, measure and write one of the bundled classifiers.

    Args:
        name: One of `ROWS`.
        scope: The e5 scope.
        data: The folder that holds `toxicity/`, `textdetox/`, `language/`, `domain/`, `sentiment/`,
            `benchmarks/` and `pretrain/`.
        folder: Folder for the artifact.
        say: Called with one line per step.
    """
    cache = FeatureCache.default()
    rows = {split: ROWS[name](data, split) for split in SPLITS}
    train, dev, test = (rows[split] for split in SPLITS)
    classifier, measured = fit_and_measure(name, scope, rows, SETTINGS[name], say, cache=cache)
    if name == "domain":
        measured["tfidf_by_lang"] = tfidf_by_language(train, dev, test)
    classifier = classifier.with_quality("test", measured)
    if name == "domain":
        without = unlabelled_domain_rows(data)
        say(f"domain: {len(without)} rows of languages without labels")
        classifier = classifier.with_quality("languages without labels", assess(classifier, scope, without))
    if name == TASK_TYPE:
        classifier = add_measurements(classifier, scope, train, dev, test, data, SETTINGS[name], say)
    if name == "toxicity":
        for beside, settings in BESIDE.items():
            say(f"toxicity: {beside} on the same rows")
            other = fit_classifier(name, scope, train, dev, settings, cache=cache)
            found: dict[str, Any] = assess(other, scope, test)
            found["features"] = [item.to_dict() for item in other.default.features]
            classifier = classifier.with_quality(f"test, {beside}", found)
        classifier = _with_zero_shot(classifier, scope, data, say)
    classifier.save(folder / f"{name}.json")
    return classifier


def switch_on_restoring(scope: Scope, data: Path, folder: Path, say: Callable[[str], None]) -> Classifier:
    """Let the bundled toxicity classifier read texts restored, without a new fit, and measure English's rule again.

    Restoring changes a few percent of the rows that it is fitted on; on untouched TextDetox dev rows F1 changes by less
    than .003 in every language (`python -m bench attacks --split dev`).
    """
    classifier = replace(Classifier.load(folder / "toxicity.json"), restore=True)
    say(f"toxicity: version {classifier.version} restores obfuscated spelling")
    english = _with_zero_shot(replace(classifier, by_lang={}, quality={}), scope, data, say)
    classifier = replace(classifier, quality=english.quality)
    classifier.save(folder / "toxicity.json")
    return classifier


def add_bundled_languages(scope: Scope, data: Path, folder: Path, say: Callable[[str], None]) -> Classifier:
    """Add a decision of its own to the bundled toxicity classifier for every language with many labels."""
    cache = FeatureCache.default()
    classifier = Classifier.load(folder / "toxicity.json")
    for code in toxicity_languages(data):
        train, dev = (toxicity_rows(data, code, split) for split in ("train", "dev"))
        if len(train) < FEW_ROWS:
            continue
        say(f"toxicity: {code} from {len(train)} rows, {len(dev)} dev")
        own = fit_classifier("toxicity", scope, train, dev, OF_A_LANGUAGE, cache=cache)
        classifier = replace(classifier, by_lang={**classifier.by_lang, code: own.default})
        classifier.save(folder / "toxicity.json")
    return classifier


def _with_zero_shot(
    classifier: Classifier, scope: Scope, data: Path, say: Callable[[str], None]
) -> Classifier:
    """Measured in every language with labels by its default decision."""
    for code in toxicity_languages(data):
        rows = toxicity_rows(data, code, "test")
        say(f"toxicity: English rules on {len(rows)} {code} rows")
        classifier = classifier.with_quality(f"zero-shot {code}", assess(classifier, scope, rows))
    return classifier
