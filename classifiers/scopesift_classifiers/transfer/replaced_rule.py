"""The rule that a transfer replaces: what it does on the same examples, and what was measured without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.evaluation import UNKNOWN
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.transfer.strategies import rule_over
from scopesift_classifiers.transfer.trial import standard_error


def measure_replaced(
    classifier: Classifier, lang: str, table: FeatureTable, few: LabelledText, positive_N: NDArray[np.bool_]
) -> dict[str, Any] | None:
    """What the rule in use for a language does on the examples that the new one is made from.

    Args:
        classifier: What is carried over.
        lang: The language.
        table: Document features of the N examples.
        few: The examples.
        positive_N: Which of them are positive.

    Returns:
        `{"rule": "default" or the language, "features", "macro_f1", "balanced_accuracy", "spread", "fitted_on_these":
        whether it was made from these very examples, which flatters it}`; None if the table lacks a layer of the rule.
    """
    name = classifier.rule_for(lang)
    rule = rule_over(table, classifier.decision(name))
    if rule is None:
        return None
    metrics = BinaryMetrics.of(positive_N, rule.fires(table))
    train = classifier.fit.get("by_lang", {}).get(lang, {}).get("train", {})
    return {
        "rule": name,
        "features": len(rule.columns),
        "macro_f1": round(metrics.macro_f1, 4),
        "balanced_accuracy": round(metrics.balanced_accuracy, 4),
        "spread": round(standard_error(metrics), 4),
        "fitted_on_these": name == lang and train.get("sha256") == few.fingerprint(),
    }


def quality_without(quality: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A classifier's measured quality without what was measured on the rule of one language.

    Of data in several languages what remains is each other language by itself; data whose languages are not all known
    is kept with a note.

    Args:
        quality: By the name of the data, each as `evaluation` gives it.
        lang: The language whose rule is replaced.
    """
    kept: dict[str, Any] = {}
    for data, measured in quality.items():
        by_lang = measured.get("by_lang", {})
        if lang in by_lang:
            kept |= {
                f"{data}, {other}": part for other, part in by_lang.items() if other not in (lang, UNKNOWN)
            }
        elif not by_lang or UNKNOWN in by_lang:
            note = f"measured before the rule for {lang}; the languages of its texts are not all known"
            kept[data] = {**measured, "note": note}
        else:
            kept[data] = measured
    return kept
