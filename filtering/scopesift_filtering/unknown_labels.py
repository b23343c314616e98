"""Labels in a condition that no classifier gives: such a comparison silently keeps or drops every row."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_files.near_name import near_name

from scopesift_filtering.columns import column_of
from scopesift_filtering.condition import Condition


def unknown_labels(condition: Condition, classifiers: Sequence[Classifier]) -> list[str]:
    """What to warn of before the work, a line for each wrong label.

    Not an error: another version of a classifier may have the label.

    Args:
        condition: checked against the columns, so that a bare name is not one of the input's.
        classifiers: those of the run.
    """
    labels = {
        column_of(one.name).casefold(): (*one.labels, one.unknown)
        for one in classifiers
        if one.kind != BINARY
    }
    lines = []
    for path, value in condition.comparisons:
        names = path[1:] if len(path) > 1 and path[0].casefold() == "ours" else path
        known = labels.get(names[0].casefold()) if len(names) == 1 else None
        if known is None or value in known:
            continue
        near = near_name(value, known)
        hint = f"; did you mean {near!r}?" if near is not None else ""
        lines.append(
            f"{condition.setting} compares {'.'.join(path)} with {value!r}, which is no label of it; "
            f"it has {', '.join(known)}{hint}"
        )
    return list(dict.fromkeys(lines))
