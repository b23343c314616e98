"""Checks and mapping of the labels in evaluation data."""

from __future__ import annotations

from dataclasses import replace

from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText


def require_expected(classifier: Classifier, rows: LabelledText) -> None:
    """Check that a classifier can be measured on the rows.

    Raises:
        InputError: No row has a binary classifier's positive label, or one has a label that a many-label classifier
            doesn't have; the message lists the labels.
    """
    if classifier.kind != BINARY:
        rows.require_labels([*classifier.labels, classifier.unknown])
        return
    positive = classifier.labels[0]
    if positive not in rows.labels:
        raise InputError(
            f"{rows.origin}: expected rows with the label {positive!r} that {classifier.name!r} finds, got "
            f"{rows.told_labels()}; say which of them stands for it (--positive)"
        )


def with_positive(classifier: Classifier, rows: LabelledText, positive: str) -> LabelledText:
    """Map the rows' labels to those of a binary classifier.

    Args:
        classifier: The classifier.
        rows: Rows with any labels.
        positive: The rows' name of the classifier's positive label; all other labels are negative.

    Raises:
        UsageError: The classifier has many labels.
        InputError: No row has the label.
    """
    if classifier.kind != BINARY:
        raise UsageError(
            f"a label to look for (--positive {positive}) is for classifiers of two labels, {classifier.name!r} has "
            f"{len(classifier.labels)}; leave it out"
        )
    if positive not in rows.labels:
        raise InputError(
            f"{rows.origin}: expected rows with the label {positive!r} (--positive), got {rows.told_labels()}; "
            "name one of them"
        )
    own = classifier.labels[0]
    return replace(rows, labels=[own if label == positive else classifier.unknown for label in rows.labels])
