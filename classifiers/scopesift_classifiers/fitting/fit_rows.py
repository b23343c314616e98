"""The train and dev rows of a fit, from files or in memory, without overlap."""

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
    """Train and dev rows.

    Args:
        train: Rows, or a file whose train rows are used (see `SplitRows`).
        dev: The same for dev rows. None: the rows of the train file that are marked dev; if there are none, a part of
            the train rows is held out.
        text: Column of the text.
        label: Column of the label.
        balance: Maximum rows per label of either, balanced inside each source; None: all.

    Raises:
        UsageError, InputError: A file cannot be read, or there are too few rows to hold some out.
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
    """Split rows in train rows and, with a fifth of the texts of each label, dev rows.

    Raises:
        InputError: Too few rows; the message has the numbers of all rows.
    """
    rows.require_two_classes()
    require_texts(rows, FOLDS + 1, why=f"one is a dev row, {FOLDS} are for cross-validation")
    fit_N, dev_N = split_dev(rows)
    if min(len(fit_N), len(dev_N)) < LEAST_ROWS:
        raise InputError(
            f"{rows.origin}: expected at least {LEAST_ROWS} dev rows, a fifth of all rows, got "
            f"{len(dev_N)} of {counted(len(rows), 'row')} with {different_texts(rows).total()} different texts; "
            "add rows, or name a file with dev rows (--dev)"
        )
    return rows.select(fit_N), rows.select(dev_N)


def require_rows(train: LabelledText, dev: LabelledText) -> None:
    """Check that a classifier can be fitted on the rows.

    Raises:
        InputError: Too few rows, one label only, or labels in dev that train does not have.
    """
    train.require_two_classes()
    dev.require_labels(train.classes)
    dev.require_two_classes()
    if min(len(train), len(dev)) < LEAST_ROWS:
        raise InputError(
            f"{train.origin}: expected at least {LEAST_ROWS} train rows and {LEAST_ROWS} dev rows, "
            f"got {len(train)} and {len(dev)}; add rows"
        )
    require_texts(train, FOLDS, why="of the train rows, for cross-validation")
