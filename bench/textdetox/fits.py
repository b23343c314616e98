"""The fits of the TextDetox result: on English labels, those of the other languages, few or all of the language."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property, partial

import numpy as np
from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.across_languages import fit_across_languages
from scopesift_classifiers.fitting.settings import LINEAR_FIT, FitSettings
from scopesift_classifiers.labelled_rows.sampling import split_dev
from scopesift_classifiers.studies.learning_curve import draw
from scopesift_classifiers.transfer.unlabelled import fit_share, moved_decision
from scopesift_features.scope import Scope

from bench.textdetox.cells import (
    ACROSS,
    ACROSS_MOVED,
    ENGLISH_MOVED,
    FROM_ENGLISH,
    FROM_ENGLISH_SIZES,
    LANGUAGES,
    SOURCE,
    TEXTS,
    TFIDF,
    TRANSFER,
)
from bench.trials.answers import Fitted
from bench.trials.parts import Part, join
from bench.trials.systems import (
    NEGATIVE,
    POSITIVE,
    SYSTEMS,
    System,
    attempt,
    fit_preset,
    of_decision,
    transferred,
    words_of_few,
)
from scopesift.terminal.streams import say

Read = dict[str, Part]
"""Parts by split."""
Fits = dict[str, Callable[[], Fitted]]
"""Fit functions by system."""


class English:
    """Systems fitted on English train and dev rows, each on first use."""

    def __init__(self, scope: Scope, read: Callable[[str], Read]) -> None:
        """Fit nothing yet.

        Args:
            scope: The scope.
            read: Returns the three parts of a language.
        """
        self._scope = scope
        self._read = read

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier that is transferred to the other languages."""
        say("fitting on English labels")
        parts = self._read(SOURCE)
        decision, details = fit_preset(LINEAR_FIT, parts["train"], parts["dev"])
        return classifier_of(self._scope, decision, details, parts["train"])

    @cached_property
    def fits(self) -> Fits:
        """Every system; fitted once for all languages."""
        return {name: cache(partial(self._fit, name, system)) for name, system in SYSTEMS.items()}

    def _fit(self, name: str, system: System) -> Fitted:
        if name == LINEAR_FIT:
            return of_decision(self.classifier.default, self.classifier.fit)
        parts = self._read(SOURCE)
        return attempt(system, parts["train"], parts["dev"])


class Others:
    """Classifiers for each language from the labels of all the others, each fitted on first use."""

    def __init__(self, scope: Scope, read: Callable[[str], Read]) -> None:
        """Fit nothing yet; see `English`."""
        self._scope = scope
        self._read = read
        self.classifier = cache(self._fit)

    def _fit(self, lang: str) -> Classifier:
        say(f"fitting on the labels of all languages but {lang}")
        rest = [self._read(other) for other in LANGUAGES if other != lang]
        rows = join([parts[split] for parts in rest for split in ("train", "dev")])
        settings = FitSettings(positive=POSITIVE, leave_languages_out=True)
        decision, details = fit_across_languages(rows.table, rows.rows, settings, None)
        return classifier_of(self._scope, decision, details, rows)


def classifier_of(scope: Scope, decision: Decision, details: dict[str, object], rows: Part) -> Classifier:
    """A classifier for transfers from a decision and the rows of its fit."""
    labels = {label: rows.rows.labels.count(label) for label in rows.rows.classes}
    return Classifier(
        name="toxicity",
        kind=BINARY,
        unknown=NEGATIVE,
        scope=scope.fingerprint,
        settings=scope.settings,
        default=decision,
        fit={**details, "labels": labels},
    )


def fits_of_others(lang: str, others: Others) -> Fits:
    """The classifier of all other languages, as it is."""

    def fit() -> Fitted:
        own = others.classifier(lang)
        return of_decision(own.default, own.fit)

    return {ACROSS: fit}


def fits_without_labels(lang: str, train: Part, seed: int, english: English, others: Others) -> Fits:
    """Classifiers whose cut is moved by texts of the language without labels.

    Args:
        lang: The language.
        train: Its train rows; `TEXTS` of their texts are drawn.
        seed: Seed of the draw.
        english: Fits on English labels.
        others: Fits on the other languages' labels.
    """
    drawn_N = np.random.default_rng(seed).permutation(len(train.rows))[:TEXTS]
    texts = train.take(np.sort(drawn_N))

    def moved(classifier: Callable[[], Classifier]) -> Fitted:
        own = classifier()
        acts_NS = texts.table.dense(columns_of(texts.table, own.default.feature_ids))
        decision, by = moved_decision(own.default, own.default.margins(acts_NS)[:, 0], fit_share(own), lang)
        found = of_decision(decision, own.fit)
        return Fitted(found.answer, found.about | {"moved_by": round(by, 4)})

    return {
        ENGLISH_MOVED: lambda: moved(lambda: english.classifier),
        ACROSS_MOVED: lambda: moved(lambda: others.classifier(lang)),
    }


def fits_of_few(lang: str, train: Part, size: str, seed: int, english: English, others: Others) -> Fits:
    """Every system on the same draw of train rows, part of which are used as dev rows.

    Args:
        lang: The language.
        train: Rows to draw from.
        size: Rows of the draw, stratified by label.
        seed: Seed of the draw.
        english: A source of transfers.
        others: The other source.
    """
    few = train.take(draw(train.rows, int(size) / len(train.rows), seed))
    fit, dev = (few.take(index_N) for index_N in split_dev(few.rows))
    return {
        **{name: partial(attempt, system, fit, dev) for name, system in SYSTEMS.items()},
        TFIDF: partial(attempt, words_of_few, few),
        **transfers(lang, size, few, english, others),
    }


def fits_of_all(lang: str, size: str, parts: Read, english: English, others: Others) -> Fits:
    """Every system on all train and dev rows; transfers cross-validate instead of using dev rows."""
    train, dev = parts["train"], parts["dev"]
    return {
        **{name: partial(attempt, system, train, dev) for name, system in SYSTEMS.items()},
        **transfers(lang, size, train, english, others),
    }


def transfers(lang: str, size: str, few: Part, english: English, others: Others) -> Fits:
    """Transfers with some rows of a language, from the other languages and from English alone."""
    if lang == SOURCE:
        return {}
    found: Fits = {TRANSFER: lambda: attempt(transferred, others.classifier(lang), few)}
    if size in FROM_ENGLISH_SIZES:
        found[FROM_ENGLISH] = lambda: attempt(transferred, english.classifier, few)
    return found
