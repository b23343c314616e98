"""The labels of data in the words of the classifier that is measured on them."""

from __future__ import annotations

from dataclasses import replace

from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText


def require_expected(classifier: Classifier, rows: LabelledText) -> None:
    """Refuse rows that a classifier cannot be measured on.

    Raises:
        InputError: No row has the label that a binary classifier finds, or one has a label that a classifier of many
            cannot give; says which labels there are.
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
    """Rows with the labels of a binary classifier, where the data call its own label something else.

    Args:
        classifier: Whose labels are wanted.
        rows: Rows with any labels.
        positive: The label that stands for the one that the classifier finds; all others stand for its other one.

    Raises:
        UsageError: The classifier finds one of many labels.
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
