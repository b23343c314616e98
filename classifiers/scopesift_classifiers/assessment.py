"""Assessment: a classifier measured on labelled text, with the baselines of the same run beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scopesift_features.document_features import document_features
from scopesift_features.errors import InputError
from scopesift_features.scope import Scope

from scopesift_classifiers.baselines import linear_probe, mean_difference, tfidf
from scopesift_classifiers.classifier import BINARY, Classifier, bundled_classifiers
from scopesift_classifiers.engine import LANGUAGE, Engine
from scopesift_classifiers.evaluation import NO_FIT_DATA, evaluate_binary, evaluate_many_class
from scopesift_classifiers.labelled_text import LabelledText
from scopesift_classifiers.sampling import split_dev

DEV_SHARE = 0.15


def assess(
    classifier: Classifier,
    scope: Scope,
    data: LabelledText,
    *,
    fit_data: LabelledText | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure a classifier; the language that picks a rule is the predicted one, never the stated one.

    Args:
        classifier: What is measured.
        scope: Its scope.
        data: Labelled rows that it was not fitted on.
        fit_data: Rows to fit the baselines on; without it they are null, with the reason.
        on_progress: Called with (texts read, all texts).

    Returns:
        The dictionary that `evaluate --json` prints; see `evaluation.evaluate_binary`.

    Raises:
        InputError: Labels that the classifier cannot give.
    """
    positive = classifier.labels[0]
    if classifier.kind == BINARY:
        if positive not in data.labels:
            raise InputError(
                f"{data.origin}: no row has the label {positive!r} that {classifier.name!r} finds"
            )
    else:
        data.require_labels([*classifier.labels, classifier.unknown])
    loaded = [classifier]
    bundled = bundled_classifiers()
    if classifier.by_lang and classifier.name != LANGUAGE and LANGUAGE in bundled:
        loaded.append(Classifier.load(LANGUAGE))
    answers = Engine(scope, loaded).predict(data.texts, on_progress=on_progress)
    verdicts = [answer[classifier.name] for answer in answers]
    predicted = [verdict.label for verdict in verdicts]
    scores = [verdict.score for verdict in verdicts]
    beside = None if fit_data is None else baseline_predictions(classifier, scope, fit_data, data)
    reason = "" if fit_data is not None else NO_FIT_DATA
    if classifier.kind == BINARY:
        return evaluate_binary(
            data.labels,
            predicted,
            positive=positive,
            scores_N=scores,
            langs=data.langs,
            sources=data.sources,
            baselines=beside,
            no_baselines=reason,
        )
    return evaluate_many_class(
        data.labels,
        predicted,
        scores_N=scores,
        langs=data.langs,
        sources=data.sources,
        classes=sorted(set(data.labels)),
        baselines=beside,
        no_baselines=reason,
    )


def baseline_predictions(
    classifier: Classifier, scope: Scope, fit_data: LabelledText, data: LabelledText
) -> dict[str, list[str]]:
    """Labels that the three baselines give, fitted on `fit_data` (a part of it chooses their settings).

    The dense ones read the mean residual after the deepest block that the classifier reads.
    """
    layer = classifier.deepest_layer
    fit_rows, dev_rows = split_dev(fit_data, DEV_SHARE)
    fit, dev = fit_data.select(fit_rows), fit_data.select(dev_rows)
    texts = [*fit.texts, *dev.texts, *data.texts]
    means = document_features(scope, texts, [layer], mean_residual=True).mean_ND
    if means is None:
        raise ValueError("document_features gave no mean residual")
    parts = np.split(means[layer], [len(fit), len(fit) + len(dev)])
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
