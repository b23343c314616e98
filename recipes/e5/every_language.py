"""Toxicity in every language: the default of the bundled classifier from all languages with labels, and its worth.

English keeps a rule of its own, like every language with many labels. The default is for the rest. Its worth for a
language without labels is measured with defaults that are fitted without that language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.artifact.classifier import BINARY, LANGUAGE, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.across_languages import fit_across_languages
from scopesift_classifiers.fitting.fit import fit_classifier, read_table
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows
from scopesift_classifiers.measuring.evaluation import evaluate_binary
from scopesift_classifiers.transfer.transfer import transfer
from scopesift_classifiers.transfer.unlabelled import fit_share, moved_decision
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


def with_default_of_every_language(
    classifier: Classifier, scope: Scope, data: Path, codes: Sequence[str], say: Say
) -> Classifier:
    """The classifier with a default from all languages with many labels, on which those with few are based.

    Args:
        classifier: Toxicity with the decisions of languages with many labels; English's is the default or its own.
        scope: The e5 scope.
        data: See `fit_bundled`.
        codes: Languages with many labels.
        say: Called with one line per step.
    """
    english = classifier.by_lang.get(ENGLISH, classifier.default)
    say(f"toxicity: the default from {', '.join(codes)}")
    train, dev = (join_rows([toxicity_rows(data, code, split) for code in codes]) for split in SPLITS[:2])
    pooled = fit_classifier("toxicity", scope, train, dev, SETTINGS, cache=FeatureCache.default(), say=say)
    kept = ("zero-shot ", "test, preset ")
    quality = {name: found for name, found in classifier.quality.items() if name.startswith(kept)}
    by_lang = {**classifier.by_lang, ENGLISH: english}
    few = [code for code in toxicity_languages(data) if code not in codes]
    return _transferred(replace(pooled, by_lang=by_lang, quality=quality), scope, data, few, say)


def languages_with_many_rows(data: Path) -> list[str]:
    """Languages on whose rows the default is fitted."""
    others = toxicity_languages(data)
    return [
        ENGLISH,
        *(code for code in others if len(toxicity_rows(data, code, "train")) >= FEW_ROWS),
    ]


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
    codes = languages_with_many_rows(data)
    classifier = with_default_of_every_language(classifier, scope, data, codes, say)
    classifier.save(folder / "toxicity.json")
    for name, found in measure_left_out(classifier, scope, data, codes, others, say).items():
        classifier = classifier.with_quality(name, found)
    classifier.save(folder / "toxicity.json")
    for code in (ENGLISH, *others):
        train, dev, test = (toxicity_rows(data, code, split) for split in SPLITS)
        say(f"toxicity: measuring on {len(test)} {code} rows, with baselines")
        measured = measure(classifier, language, scope, join_rows([train, dev]), test, cache)
        say(f"toxicity: {code} macro-F1 {measured['macro_f1']:.3f}")
        classifier = classifier.with_quality("test" if code == ENGLISH else f"own rule {code}", measured)
        classifier.save(folder / "toxicity.json")
    return classifier


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


def measure_left_out(
    classifier: Classifier,
    scope: Scope,
    data: Path,
    codes: Sequence[str],
    others: Sequence[str],
    say: Say,
) -> dict[str, dict[str, Any]]:
    """Quality in each language of a default without it: with its own cut, and with one moved by unlabelled texts.

    Args:
        classifier: Its default is used for languages that it was not fitted on.
        scope: The scope, with the norm bounds of the fit.
        data: See `fit_bundled`.
        codes: Languages that the default is fitted on.
        others: All languages but English.
        say: Called with one line per language.
    """
    rows = {
        (code, split): toxicity_rows(data, code, split) for code in (ENGLISH, *others) for split in SPLITS
    }
    every = join_rows(list(rows.values()))
    table = read_table(classifier.bind(scope), classifier.as_read(every.texts), cache=FeatureCache.default())
    ends = np.cumsum([len(own) for own in rows.values()])
    places = {key: np.arange(end - len(own), end) for (key, own), end in zip(rows.items(), ends, strict=True)}
    measured: dict[str, dict[str, Any]] = {}
    for code in (ENGLISH, *others):
        default = classifier.default
        if code in codes:
            fit_N = np.concatenate(
                [places[one, split] for one in codes if one != code for split in SPLITS[:2]]
            )
            default, _ = fit_across_languages(table.rows(fit_N), every.select(fit_N), SETTINGS, None)
        columns = columns_of(table, default.feature_ids)
        drawn_N = np.random.default_rng(0).permutation(places[code, "train"])[:TEXTS]
        margins_N = default.margins(table.rows(drawn_N).dense(columns))[:, 0]
        moved, _ = moved_decision(default, margins_N, fit_share(classifier), code)
        acts_NS = table.rows(places[code, "test"]).dense(columns)
        for name, decision in (
            (f"left out {code}", default),
            (f"left out {code}, {TEXTS} unlabelled texts", moved),
        ):
            measured[name] = _measured(decision, acts_NS, rows[code, "test"])
        say(
            f"toxicity: {code} left out, cut from unlabelled texts: macro-F1 {measured[name]['macro_f1']:.3f}"
        )
    return measured


def _measured(decision: Decision, acts_NS: NDArray[np.float32], test: LabelledText) -> dict[str, Any]:
    """The metrics of `evaluate --json` of one decision."""
    outcome = decide(BINARY, decision, acts_NS)
    (positive,) = decision.rules
    measured = evaluate_binary(
        test.labels,
        np.where(outcome.given_N, positive, ""),
        positive=positive,
        scores_N=outcome.score_N,
        langs=test.langs,
        sources=test.sources,
    )
    # operating points of a decision that is not in the artifact would only make it larger
    return {name: value for name, value in measured.items() if name != "thresholds"}
