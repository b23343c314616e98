"""What task-type is worth beyond the sources that it was fitted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import read_for_fit
from scopesift_classifiers.fitting.presets import fit_decision
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows, read_labelled
from scopesift_classifiers.measuring.assessment import assess, routed_verdicts
from scopesift_classifiers.measuring.evaluation import evaluate_many_class
from scopesift_features.scope import Scope

from recipes.task_type import rows
from recipes.task_type.passages import BOOKS, DOCSTRINGS, MANUALS, REVIEWS
from recipes.task_type.speech import LINES, NAMED, PRINTED

OWN_TEXTS = Path(__file__).with_name("own_texts.jsonl")
"""Texts in six languages, twelve per label, written before the fit."""
LEFT_OUT = (
    ("python",),
    ("c", "c++"),
    (rows.ENCYCLOPAEDIA,),
    (BOOKS,),
    (REVIEWS,),
    (MANUALS,),
    (DOCSTRINGS,),
    ("textdetox",),
    (PRINTED,),
    (NAMED,),
    (LINES,),
    ("history",),
    ("natural_science",),
)
"""Sources that are left out of a fit in turn; maths has only one."""
OWN, SENTENCES, WITHOUT = (
    "own texts, six languages",
    "SIB-200's sentences, other languages",
    "without the source",
)


def add_measurements(
    classifier: Classifier,
    scope: Scope,
    train: LabelledText,
    dev: LabelledText,
    test: LabelledText,
    data: Path,
    settings: FitSettings,
    say: Callable[[str], None],
) -> Classifier:
    """The classifier with its quality on texts unlike those it was fitted on.

    Args:
        classifier: Fitted on the train and dev rows.
        scope: Its scope.
        train: Rows of `task_rows`.
        dev: The same.
        test: The same.
        data: The folder of the data sets.
        settings: Those of the fit.
        say: Called with one line per step.
    """
    own = read_labelled(OWN_TEXTS)
    say(f"{classifier.name}: {len(own)} own texts")
    classifier = classifier.with_quality(OWN, assess(classifier, scope, own))
    others = rows.sentences_of_other_languages(data)
    say(f"{classifier.name}: {len(others)} sentences of other languages")
    classifier = classifier.with_quality(SENTENCES, assess(classifier, scope, others))
    truth: list[LabelledText] = []
    predicted: list[str] = []
    for sources in LEFT_OUT:
        part = _of(test, sources, inside=True)
        to_fit, held_out = (_of(labelled, sources, inside=False) for labelled in (train, dev))
        made = _refitted(classifier, scope, to_fit, held_out, settings)
        found = [verdict.label for verdict in routed_verdicts(made, scope, part.texts)]
        right = sum(map(str.__eq__, found, part.labels))
        say(f"{classifier.name}: fitted without {' and '.join(sources)}: {right} of {len(part)} of it right")
        truth.append(part)
        predicted += found
    left_out = join_rows(truth)
    measured = evaluate_many_class(
        left_out.labels, predicted, langs=left_out.langs, sources=left_out.sources, no_baselines="not fitted"
    )
    return classifier.with_quality(WITHOUT, measured)


def _refitted(
    classifier: Classifier, scope: Scope, train: LabelledText, dev: LabelledText, settings: FitSettings
) -> Classifier:
    """The classifier with a decision from these rows; its features have no names, which take longest to find."""
    bounded, table = read_for_fit(scope, train, dev, settings, cache=FeatureCache.default())
    rows_N = np.arange(len(train) + len(dev))
    fit_table, dev_table = table.rows(rows_N[: len(train)]), table.rows(rows_N[len(train) :])
    decision, _details = fit_decision(fit_table, train, dev_table, dev, settings, None, binary=False)
    return replace(classifier, default=decision, norm_bounds=bounded.norm_bounds)


def _of(labelled: LabelledText, sources: tuple[str, ...], *, inside: bool) -> LabelledText:
    """The rows of some sources, or the rows of the others."""
    return labelled.select(
        [row for row, source in enumerate(labelled.sources) if (source in sources) == inside]
    )
