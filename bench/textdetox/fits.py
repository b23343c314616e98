"""The fits of the TextDetox result: on English labels, on few labels of a language, on all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property, partial

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.fitting.settings import LINEAR_FIT
from scopesift_classifiers.labelled_rows.sampling import split_dev
from scopesift_classifiers.studies.learning_curve import draw
from scopesift_features.scope import Scope

from bench.textdetox.cells import SOURCE, TFIDF, TRANSFER
from bench.trials.answers import Fitted
from bench.trials.parts import Part
from bench.trials.systems import (
    NEGATIVE,
    SYSTEMS,
    System,
    attempt,
    fit_preset,
    of_decision,
    transferred,
    words_of_few,
)
from scopesift.terminal.streams import say

"""Share of a draw's rows used as dev rows, as in `scopesift fit` without a dev file."""

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
        return Classifier(
            name="toxicity",
            kind=BINARY,
            unknown=NEGATIVE,
            scope=self._scope.fingerprint,
            settings=self._scope.settings,
            default=decision,
            fit=details,
        )

    @cached_property
    def fits(self) -> Fits:
        """Every system; fitted once for all languages."""
        return {name: cache(partial(self._fit, name, system)) for name, system in SYSTEMS.items()}

    def _fit(self, name: str, system: System) -> Fitted:
        if name == LINEAR_FIT:
            return of_decision(self.classifier.default, self.classifier.fit)
        parts = self._read(SOURCE)
        return attempt(system, parts["train"], parts["dev"])


def fits_of_few(train: Part, size: int, seed: int, english: English) -> Fits:
    """Every system on the same draw of train rows, part of which are used as dev rows.

    Args:
        train: Rows to draw from.
        size: Rows of the draw, stratified by label.
        seed: Seed of the draw.
        english: Source of `transfer`.
    """
    few = train.take(draw(train.rows, size / len(train.rows), seed))
    fit, dev = (few.take(index_N) for index_N in split_dev(few.rows))
    return {
        **{name: partial(attempt, system, fit, dev) for name, system in SYSTEMS.items()},
        TFIDF: partial(attempt, words_of_few, few),
        TRANSFER: lambda: attempt(transferred, english.classifier, few),
    }


def fits_of_all(parts: Read, english: English) -> Fits:
    """Every system on all train and dev rows; `transfer` cross-validates instead of using dev rows."""
    train, dev = parts["train"], parts["dev"]
    return {
        **{name: partial(attempt, system, train, dev) for name, system in SYSTEMS.items()},
        TRANSFER: lambda: attempt(transferred, english.classifier, train),
    }
