"""The rows of a fit: those to fit on and those to decide with, of files or in memory, no row in both."""

from __future__ import annotations

from pathlib import Path

from scopesift_files.counted import counted
from scopesift_files.errors import InputError

from scopesift_classifiers.fitting.settings import FOLDS
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import (
    different_texts,
    read_balanced,
    require_texts,
    split_dev,
)
from scopesift_classifiers.labelled_rows.splits import DEV, TRAIN, marks_split

LEAST_ROWS = 8


def fit_rows(
    train: LabelledText | str | Path,
    dev: LabelledText | str | Path | None = None,
    *,
    text: str = "text",
    label: str = "label",
    balance: int | None = None,
) -> tuple[LabelledText, LabelledText]:
    """Rows to fit on, and rows to decide with.

    Args:
        train: Rows, or a file whose train rows are taken (see `SplitRows`).
        dev: The same for the rows to decide with. None: the rows of the train file that are marked dev; where none
            are, a part of the train rows is set aside.
        text: Column of the text.
        label: Column of the label.
        balance: Most rows a label of either, balanced inside each source; None: all.

    Raises:
        UsageError, InputError: A file cannot be read, or rows are too few to set some aside.
    """

    def read(rows: LabelledText | str | Path, split: str) -> LabelledText:
        if isinstance(rows, LabelledText):
            return rows
        return read_balanced(rows, balance, text=text, label=label, split=split)

    to_fit = read(train, TRAIN)
    if dev is not None:
        return to_fit, read(dev, DEV)
    if not isinstance(train, LabelledText) and marks_split(train, DEV):
        return to_fit, read(train, DEV)
    return set_aside(to_fit)


def set_aside(rows: LabelledText) -> tuple[LabelledText, LabelledText]:
    """Rows to fit on, and a fifth of the texts of each label to decide with.

    Raises:
        InputError: Too few rows; the numbers are those of all rows.
    """
    rows.require_two_classes()
    require_texts(rows, FOLDS + 1, why=f"one is set aside to decide with, {FOLDS} are for cross-validation")
    fit_N, dev_N = split_dev(rows)
    if min(len(fit_N), len(dev_N)) < LEAST_ROWS:
        raise InputError(
            f"{rows.origin}: expected at least {LEAST_ROWS} rows to decide with, for which a fifth is set aside, got "
            f"{len(dev_N)} of {counted(len(rows), 'row')} with {different_texts(rows).total()} different texts; "
            "add rows, or name a file with the rows to decide with (--dev)"
        )
    return rows.select(fit_N), rows.select(dev_N)


def require_rows(train: LabelledText, dev: LabelledText) -> None:
    """Refuse rows that nothing can be fitted on.

    Raises:
        InputError: Too few rows, one label only, or labels in dev that train does not have.
    """
    train.require_two_classes()
    dev.require_labels(train.classes)
    dev.require_two_classes()
    if min(len(train), len(dev)) < LEAST_ROWS:
        raise InputError(
            f"{train.origin}: expected at least {LEAST_ROWS} rows to fit on and {LEAST_ROWS} to decide with, "
            f"got {len(train)} and {len(dev)}; add rows"
        )
    require_texts(train, FOLDS, why="of the rows to fit on, for cross-validation")
