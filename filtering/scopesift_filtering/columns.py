"""The columns that filtering adds to the input's: scores and labels of the classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_files.errors import UsageError

NAMES = {"language": "lang", "task-type": "task_type"}  # for conditions: shorter, and without a minus
ADDED = "scopesift"  # the column that dropped rows get


def column_of(classifier: str) -> str:
    """The column that holds a classifier's score or label."""
    return NAMES.get(classifier, classifier)


def our_schema(classifiers: Sequence[Classifier], thresholds: Mapping[str, Any]) -> Any:
    """The Arrow schema of our columns.

    A binary classifier adds `toxicity` (score) and `toxicity_flagged`; one with many labels `lang` (the label),
    `lang_score` and `lang_scores` (a struct of all labels); each column with thresholds per language
    adds `toxicity_threshold`; and always `chars` and `tokens` of the text.

    Args:
        classifiers: in the order of their columns.
        thresholds: per score column, see `FilterSettings.thresholds`.

    Raises:
        UsageError: two classifiers would add the same column.
    """
    import pyarrow as pa

    fields = []
    for one in classifiers:
        name = column_of(one.name)
        if one.kind == BINARY:
            fields += [pa.field(name, pa.float64()), pa.field(f"{name}_flagged", pa.bool_())]
        else:
            scores = pa.struct([pa.field(label, pa.float64()) for label in one.labels])
            fields += [
                pa.field(name, pa.string()),
                pa.field(f"{name}_score", pa.float64()),
                pa.field(f"{name}_scores", scores),
            ]
    fields += [pa.field(f"{name}_threshold", pa.float64()) for name in thresholds]
    fields += [pa.field("chars", pa.int64()), pa.field("tokens", pa.int64())]
    names = [field.name.casefold() for field in fields]  # names in SQL are case-insensitive
    twice = next((field.name for field in fields if names.count(field.name.casefold()) > 1), None)
    if twice is not None:
        called = ", ".join(one.name for one in classifiers)
        raise UsageError(
            f"the classifiers {called} would both add the column {twice!r}; leave one out, or fit it with another name"
        )
    return pa.schema(fields)
