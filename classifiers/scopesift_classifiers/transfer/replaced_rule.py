"""The decision that a transfer replaces: its metrics on the same examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.metrics import BinaryMetrics, ManyClassMetrics
from scopesift_classifiers.transfer.many_labels import decision_metrics
from scopesift_classifiers.transfer.trial import standard_error


def measure_replaced(
    classifier: Classifier, lang: str, table: FeatureTable, few: LabelledText
) -> dict[str, Any] | None:
    """Metrics of the decision in use for a language on the examples of the transfer.

    Args:
        classifier: The classifier.
        lang: The language.
        table: Document features of the N examples.
        few: The examples.

    Returns:
        `{"rule": "default" or the language, "features", "macro_f1", "balanced_accuracy", "spread", "fitted_on_these":
        whether it was fitted on these examples, so that the metrics are optimistic}`; None if the table
        lacks one of its layers.
    """
    name = classifier.rule_for(lang)
    decision = classifier.decision(name)
    if any(layer not in table.layers for layer, _ in decision.feature_ids):
        return None
    metrics: BinaryMetrics | ManyClassMetrics
    if classifier.kind == BINARY:
        positive_N = np.array([label == classifier.labels[0] for label in few.labels], dtype=bool)
        acts_NS = table.dense(columns_of(table, decision.feature_ids))
        metrics = BinaryMetrics.of(positive_N, decide(BINARY, decision, acts_NS).given_N)
        spread = standard_error(metrics)
    else:
        metrics, spread = decision_metrics(decision, table, few)
    train = classifier.fit.get("by_lang", {}).get(lang, {}).get("train", {})
    return {
        "rule": name,
        "features": len(decision.features),
        "macro_f1": round(metrics.macro_f1, 4),
        "balanced_accuracy": round(metrics.balanced_accuracy, 4),
        "spread": round(spread, 4),
        "fitted_on_these": name == lang and train.get("sha256") == few.fingerprint(),
    }
