"""Splits of a file's rows; every row belongs to one split, so that no row is both fitted and measured on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from scopesift_files.counted import counted
from scopesift_files.errors import InputError
from scopesift_files.row_readers.row import Row, json_type, sound_rows
from scopesift_files.row_readers.rows import read_rows

TRAIN, DEV, TEST = "train", "dev", "test"
COLUMN = "split"
MOST_MARKS = 6
"""Maximum number of marks listed in an error."""


def optional_text(row: Row, column: str) -> str | None:
    """The optional string in a row's column; None if missing or empty.

    Raises:
        InputError: The value is not a string.
    """
    value = row.value(column) if column in row.fields else None
    if value is not None and not isinstance(value, str):
        raise InputError(
            f"{row.place}: expected a string in {column!r}, got {json_type(value)}; fix or remove it"
        )
    return value or None


def marks_split(path: str | Path, split: str | None = None) -> bool:
    """Whether any row of a file is marked with a split (None: any split).

    Raises:
        UsageError, InputError: The file cannot be read up to there.
    """
    marks = (optional_text(row, COLUMN) for row in sound_rows(read_rows(path)))
    return any(mark is not None and split in (None, mark) for mark in marks)


def count_marks(path: str | Path) -> Counter[str | None]:
    """Number of rows of a file per mark; None: unmarked.

    Raises:
        UsageError, InputError: The file cannot be read.
    """
    return Counter(optional_text(row, COLUMN) for row in sound_rows(read_rows(path)))


def no_rows(path: str | Path, split: str | None, columns: str) -> InputError:
    """The error for a file without rows of a split; lists the marks in the file.

    Args:
        path: The file.
        split: The requested split; None: any row.
        columns: The expected columns.
    """
    name = Path(path).name
    if split is None or not marks_split(path):
        return InputError(f"{name}: expected rows with {columns}, got none; give a file with rows")
    marks = count_marks(path)
    there = [
        f"{counted(n, 'row')} {f'marked {mark!r}' if mark else 'without a mark'}" for mark, n in marks.items()
    ]
    return InputError(
        f"{name}: expected rows marked {split!r} in {COLUMN!r}, got {', '.join(there[:MOST_MARKS])}; "
        f"mark rows {split!r}, or give another file"
    )


class SplitRows:
    """The rows of one split of a file.

    A row belongs to the split in its `split` column. Unmarked rows are train rows if other rows are marked; in a file
    without marks every row belongs to any requested split.
    """

    def __init__(self, path: str | Path, split: str | None) -> None:
        """Check whether the file has marks.

        Args:
            path: The file.
            split: The split; None: all rows belong to it.

        Raises:
            UsageError, InputError: As `marks_split`.
        """
        self.split = split
        self._unmarked = split in (None, TRAIN) or not marks_split(path)

    def __contains__(self, row: Row) -> bool:
        """Whether a row belongs to the split.

        Raises:
            InputError: Its mark is not a string.
        """
        mark = optional_text(row, COLUMN) if self.split is not None else None
        return self._unmarked if mark is None else mark == self.split
