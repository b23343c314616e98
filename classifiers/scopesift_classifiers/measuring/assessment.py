"""Assessment: a classifier measured on labelled text, with baselines on the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scopesift_features.reading.selected_reading import SelectedReading
from scopesift_features.scope import Scope

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache, mean_residuals
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.routing import unrouted, with_language
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import split_dev
from scopesift_classifiers.measuring.baselines import linear_probe, mean_difference, tfidf
from scopesift_classifiers.measuring.evaluation import NO_FIT_DATA, evaluate_binary, evaluate_many_class
from scopesift_classifiers.measuring.expected_labels import require_expected

BASELINE_DEV_SHARE = 0.15  # less than for a fit: a baseline chooses only one setting
MOST_CARD_ROWS = 5000  # activations of hundreds of features on more texts would not fit in memory

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Assessment:
    """Measurements, and the data that they were made from.

    Attributes:
        classifier: The classifier.
        scope: Its scope.
        data: The N labelled rows.
        measured: What `evaluate --json` prints.
        verdicts: One per row.
        baselines: N predicted labels of each baseline; None without fit data.
    """

    classifier: Classifier
    scope: Scope
    data: LabelledText
    measured: dict[str, Any]
    verdicts: list[Verdict]
    baselines: dict[str, list[str]] | None

    @property
    def predicted(self) -> list[str]:
        """The N predicted labels."""
        return [verdict.label for verdict in self.verdicts]

    @property
    def scores(self) -> list[float]:
        """The N scores: of the positive label, or of the given label."""
        return [verdict.score for verdict in self.verdicts]

    @cached_property
    def sample(self) -> LabelledText:
        """The rows as they were read, or an evenly spaced sample of them, for cards and examples."""
        step = max(1, -(-len(self.data) // MOST_CARD_ROWS))
        rows = self.data.select(np.arange(0, len(self.data), step))
        return replace(rows, texts=self.classifier.as_read(rows.texts))

    @cached_property
    def reading(self) -> SelectedReading:
        """Reading of the sample; runs the backbone on first use."""
        from scopesift_features.reading.torch_reader import read_selected

        return read_selected(self.scope, self.sample.texts, self.classifier.features)


def assess(
    classifier: Classifier,
    scope: Scope,
    data: LabelledText,
    *,
    fit_data: LabelledText | None = None,
    cache: FeatureCache | None = None,
) -> dict[str, Any]:
    """What `evaluate --json` prints: `full_assessment(…).measured`."""
    return full_assessment(classifier, scope, data, fit_data=fit_data, cache=cache).measured


def full_assessment(
    classifier: Classifier,
    scope: Scope,
    data: LabelledText,
    *,
    fit_data: LabelledText | None = None,
    language: Classifier | None = None,
    cache: FeatureCache | None = None,
    on_progress: Progress | None = None,
) -> Assessment:
    """Measure a classifier; decisions of languages are chosen by the predicted language, not the stated one.

    Args:
        classifier: The classifier.
        scope: Its scope.
        data: Labelled rows that it was not fitted on.
        fit_data: Rows to fit the baselines on; without it they are null, with the reason.
        language: Language classifier for routing, for a classifier with decisions of languages; None: the bundled one,
            if it belongs to the scope.
        cache: Cache of mean residuals, for the dense baselines.
        on_progress: Called with (texts read, all texts).

    Raises:
        InputError: As `require_expected`, of either rows.
        ScopeError: The classifier or `language` was fitted on another scope.
    """
    require_expected(classifier, data)
    if fit_data is not None and classifier.kind == BINARY:
        require_expected(classifier, fit_data)  # baselines can't predict a label that they were not fitted on
    verdicts = routed_verdicts(classifier, scope, data.texts, language, on_progress=on_progress)
    beside = None if fit_data is None else baseline_predictions(classifier, scope, fit_data, data, cache)
    predicted = [verdict.label for verdict in verdicts]
    about: dict[str, Any] = {
        "scores_N": [verdict.score for verdict in verdicts],
        "langs": data.langs,
        "sources": data.sources,
        "baselines": beside,
        "no_baselines": "" if fit_data is not None else NO_FIT_DATA,
    }
    if classifier.kind == BINARY:
        measured = evaluate_binary(data.labels, predicted, positive=classifier.labels[0], **about)
    else:
        measured = evaluate_many_class(data.labels, predicted, classes=sorted(set(data.labels)), **about)
    if classifier.by_lang:
        measured["rules"] = dict(sorted(Counter(verdict.rule for verdict in verdicts).items()))
    return Assessment(classifier, scope, data, measured, verdicts, beside)


def routed_verdicts(
    classifier: Classifier,
    scope: Scope,
    texts: Sequence[str],
    language: Classifier | None = None,
    *,
    on_progress: Progress | None = None,
) -> list[Verdict]:
    """Verdicts of one classifier, each by the decision of the predicted language."""
    chosen = [language] if language is not None and unrouted([classifier]) else []
    answers = Engine(scope, with_language([classifier, *chosen])).predict(texts, on_progress=on_progress)
    return [answer[classifier.name] for answer in answers]


def baseline_predictions(
    classifier: Classifier,
    scope: Scope,
    fit_data: LabelledText,
    data: LabelledText,
    cache: FeatureCache | None = None,
) -> dict[str, list[str]]:
    """Predicted labels of the three baselines, fitted on `fit_data` (part of it as dev rows).

    The dense ones use the mean residual after the deepest layer that the classifier reads.
    """
    layer = classifier.deepest_layer
    fit_rows, dev_rows = split_dev(fit_data, BASELINE_DEV_SHARE)
    fit, dev = fit_data.select(fit_rows), fit_data.select(dev_rows)
    texts = [*fit.texts, *dev.texts, *data.texts]
    means_ND = mean_residuals(scope, texts, layer, cache)
    parts = np.split(means_ND, [len(fit), len(fit) + len(dev)])
    dense = {"mean_difference": mean_difference, "linear_probe": linear_probe}
    found = {
        name: [
            str(label) for label in fit_baseline(parts[0], fit.labels, parts[1], dev.labels).predict(parts[2])
        ]
        for name, fit_baseline in dense.items()
    }
    words = tfidf(fit.texts, fit.labels, dev.texts, dev.labels)
    found["tfidf"] = [str(label) for label in words.predict(data.texts)]
    return found
