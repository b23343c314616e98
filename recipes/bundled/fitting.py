"""One bundled classifier: fitted on train and dev rows, measured once on test rows beside baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.assessment import assess
from scopesift_features.scope import Scope

SPLITS = ("train", "dev", "test")


def fit_and_measure(
    name: str,
    scope: Scope,
    rows: Mapping[str, LabelledText],
    settings: FitSettings,
    say: Callable[[str], None],
    *,
    cache: FeatureCache | None = None,
) -> tuple[Classifier, dict[str, Any]]:
    """Fit a classifier and measure it.

    Args:
        name: Of the classifier.
        scope: What it reads with.
        rows: The rows of each of `SPLITS`.
        settings: Of the fit.
        say: Called with one line per step.
        cache: Cache of document features.

    Returns:
        The classifier without its quality, and its metrics on the test rows.
    """
    train, dev, test = (rows[split] for split in SPLITS)
    say(f"{name}: fitting on {len(train)} rows, {len(dev)} dev")
    classifier = fit_classifier(name, scope, train, dev, settings, cache=cache, say=say)
    say(f"{name}: measuring on {len(test)} rows, with baselines")
    return classifier, assess(classifier, scope, test, fit_data=train, cache=cache)
