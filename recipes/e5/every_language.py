"""Toxicity in every language: the default of the bundled classifier from all languages with labels, and its worth.

English keeps a rule of its own, like every language with many labels. The default is for the rest. Its worth for a
language without labels is measured with defaults that are fitted without that language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import fit_classifier
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows
from scopesift_classifiers.measuring.assessment import assess
from scopesift_classifiers.measuring.unlabelled import UnlabelledText
from scopesift_classifiers.transfer.transfer import transfer
from scopesift_classifiers.transfer.unlabelled import move_cut
from scopesift_features.scope import Scope

from recipes.bundled.languages import measure
from recipes.e5.rows import ENGLISH, toxicity_languages, toxicity_rows

Say = Callable[[str], None]
SPLITS = ("train", "dev", "test")
FEW_ROWS = 1000
"""Languages with fewer train rows are transferred to, and the default is not fitted on them."""
TEXTS = 350
"""Texts of a language without labels, for a moved cut."""
SETTINGS = FitSettings(leave_languages_out=True, restore=True)


def add_default_of_every_language(scope: Scope, data: Path, folder: Path, say: Say) -> Classifier:
    """Fit the default on all languages with many labels, and measure it and all decisions beside it.

    Args:
        scope: The e5 scope.
        data: See `fit_bundled`.
        folder: Holds toxicity.json, whose default is English's, and language.json; the former is replaced.
        say: Called with one line per step.
    """
    cache = FeatureCache.default()
    classifier = Classifier.load(folder / "toxicity.json")
    language = Classifier.load(folder / f"{LANGUAGE}.json")
    others = toxicity_languages(data)
    codes = [
        ENGLISH,
        *(code for code in others if len(toxicity_rows(data, code, "train")) >= FEW_ROWS),
    ]
    english = classifier.by_lang.get(ENGLISH, classifier.default)
    say(f"toxicity: the default from {', '.join(codes)}")
    pooled = _pooled(scope, data, codes, cache, say)
    kept = ("zero-shot ", "test, preset ")
    quality = {name: found for name, found in classifier.quality.items() if name.startswith(kept)}
    by_lang = {**classifier.by_lang, ENGLISH: english}
    classifier = replace(pooled, by_lang=by_lang, quality=quality)
    classifier = _transferred(classifier, scope, data, [code for code in others if code not in codes], say)
    classifier.save(folder / "toxicity.json")
    for code in (ENGLISH, *others):
        classifier = _with_left_out(classifier, scope, data, code, codes, say)
        classifier.save(folder / "toxicity.json")
    for code in (ENGLISH, *others):
        train, dev, test = (toxicity_rows(data, code, split) for split in SPLITS)
        say(f"toxicity: measuring on {len(test)} {code} rows, with baselines")
        measured = measure(classifier, language, scope, join_rows([train, dev]), test, cache)
        say(f"toxicity: {code} macro-F1 {measured['macro_f1']:.3f}")
        classifier = classifier.with_quality("test" if code == ENGLISH else f"own rule {code}", measured)
        classifier.save(folder / "toxicity.json")
    return classifier


def _pooled(
    scope: Scope, data: Path, codes: Sequence[str], cache: FeatureCache | None, say: Say | None = None
) -> Classifier:
    """The rule from the train and dev rows of some languages."""
    train, dev = (join_rows([toxicity_rows(data, code, split) for code in codes]) for split in SPLITS[:2])
    return fit_classifier("toxicity", scope, train, dev, SETTINGS, cache=cache, say=say)


def _transferred(
    classifier: Classifier, scope: Scope, data: Path, codes: Sequence[str], say: Say
) -> Classifier:
    """Decisions of the languages with few labels, starting from the default."""
    for code in codes:
        few = join_rows([toxicity_rows(data, code, split) for split in SPLITS[:2]])
        say(f"toxicity: {code} transferred with {len(few)} rows")
        by_lang = {lang: rule for lang, rule in classifier.by_lang.items() if lang != code}
        made = transfer(replace(classifier, by_lang=by_lang), scope, few, code, cache=FeatureCache.default())
        classifier = replace(made.classifier, quality=classifier.quality)
    return classifier


def _with_left_out(
    classifier: Classifier, scope: Scope, data: Path, code: str, codes: Sequence[str], say: Say
) -> Classifier:
    """Measured in a language by a default without it: with its own cut, and with one moved by unlabelled texts."""
    cache = FeatureCache.default()
    rest = [other for other in codes if other != code]
    default = classifier if code not in codes else _pooled(scope, data, rest, cache)
    without = replace(default, by_lang={}, quality={})
    test = toxicity_rows(data, code, "test")
    classifier = classifier.with_quality(f"left out {code}", assess(without, scope, test))
    moved = move_cut(without, scope, _some_texts(toxicity_rows(data, code, "train")), code, cache=cache)
    by_texts = replace(without, default=moved.classifier.by_lang[code])
    found = assess(by_texts, scope, test)
    say(f"toxicity: {code} left out, cut from unlabelled texts: macro-F1 {found['macro_f1']:.3f}")
    return classifier.with_quality(f"left out {code}, unlabelled texts", found)


def _some_texts(rows: LabelledText) -> UnlabelledText:
    """`TEXTS` texts, or all, without their labels."""
    drawn = np.random.default_rng(0).permutation(len(rows))[:TEXTS]
    return UnlabelledText([rows.texts[at] for at in drawn], rows.origin)
