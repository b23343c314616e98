"""Texts of a file that stay in the file: they are read from it whenever they are needed, some thousand at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scopesift_files.counted import counted
from scopesift_files.errors import InputError, UsageError
from scopesift_files.row_readers.row import sound_rows
from scopesift_files.row_readers.rows import read_rows

from scopesift_classifiers.labelled_rows.splits import no_rows

CHARACTERS_AT_ONCE = 1 << 25
"""Texts held at a time have about this many characters at most, unless a single one is longer."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """N texts in a file.

    Attributes:
        name: Its name in tables.
        path: The file.
        column: Column that holds the text.
        rows_N: Indices of its rows in the file, ascending.
    """

    name: str
    path: Path
    column: str
    rows_N: NDArray[np.int64]

    @classmethod
    def open(
        cls, path: Path, column: str = "text", *, name: str = "", rows: int | None = None, seed: int = 0
    ) -> DataSet:
        """Read the file once, so that a damaged row is found before the long work, and draw rows.

        Args:
            path: JSONL, CSV or Parquet.
            column: Column that holds the text.
            name: Its name in tables; default: the file's.
            rows: Number of rows to draw without replacement; None: all.
            seed: Seed of the draw; the same file gives the same rows.

        Raises:
            UsageError: There is no such file, or it has fewer rows than wanted.
            InputError: A row cannot be read or has no text, or there are no rows.
        """
        found = sum(1 for _ in _texts(path, column))
        if not found:
            raise no_rows(path, None, repr(column))
        if rows is not None and rows > found:
            raise UsageError(
                f"{path.name} has {counted(found, 'row')}, but {rows:,} shall be drawn from each file; "
                f"ask for at most {found:,}"
            )
        drawn = np.arange(found) if rows is None else np.random.default_rng(seed).choice(found, rows, False)
        return cls(name or path.name, path, column, np.sort(drawn))

    def __len__(self) -> int:
        """N."""
        return len(self.rows_N)

    def pieces(self, most: int) -> Iterator[list[str]]:
        """All texts in their order, at most `most` at a time and fewer if they are long.

        Raises:
            InputError: The file was changed since it was opened.
        """
        held: list[str] = []
        size = 0
        for text in self.texts(self.rows_N):
            if held and (len(held) == most or size + len(text) > CHARACTERS_AT_ONCE):
                yield held
                held, size = [], 0
            held.append(text)
            size += len(text)
        if held:
            yield held

    def sample(self, most: int) -> tuple[NDArray[np.int64], list[str]]:
        """At most `most` evenly spaced rows: their indices in the file, and their texts."""
        rows = self.rows_N[:: max(1, -(-len(self) // most))]
        return rows, list(self.texts(rows))

    def texts(self, rows: NDArray[np.int64]) -> Iterator[str]:
        """The texts of some rows of the file, which ascend.

        Raises:
            InputError: The file was changed since it was opened.
        """
        wanted = iter(rows.tolist())
        following = next(wanted, None)
        for row, text in enumerate(_texts(self.path, self.column)):
            if following is None:
                return
            if row == following:
                yield text
                following = next(wanted, None)
        if following is not None:
            raise InputError(f"{self.path.name} has fewer rows than before: it was changed; run it again")


def open_data_sets(
    paths: Sequence[Path], column: str = "text", *, rows: int | None = None, seed: int = 0
) -> list[DataSet]:
    """Open several files; see `DataSet.open`.

    Raises:
        UsageError: Fewer than two files, or as `DataSet.open`.
        InputError: As `DataSet.open`.
    """
    if len(paths) < 2:
        raise UsageError(f"expected at least two files to compare, got {len(paths)}; name another one")
    return [
        DataSet.open(path, column, name=name, rows=rows, seed=seed)
        for path, name in zip(paths, short_names(paths), strict=True)
    ]


def short_names(paths: Sequence[Path]) -> list[str]:
    """Different names for files: without endings, with as many folders as are needed, numbered if named twice."""
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join((*path.parts[-depth:-1], path.name.split(".")[0] or path.name)) for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    else:  # a.csv beside a.jsonl
        names = [str(path) for path in paths]
    seen: dict[str, int] = {}
    for at, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        names[at] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return names


def texts_of_all(data_sets: Sequence[DataSet], most: int) -> list[str]:
    """At most about `most` texts, evenly from every data set."""
    each = -(-most // len(data_sets))
    return list(itertools.chain.from_iterable(data.sample(each)[1] for data in data_sets))


def _texts(path: Path, column: str) -> Iterator[str]:
    return (row.with_text(column).sound().text for row in sound_rows(read_rows(path)))
