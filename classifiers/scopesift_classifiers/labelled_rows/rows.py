"""Texts with their labels, read from JSONL, CSV or Parquet."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scopesift_files.counted import counted
from scopesift_files.errors import InputError
from scopesift_files.row_readers.row import Row, json_type, sound_rows
from scopesift_files.row_readers.rows import read_rows

from scopesift_classifiers.labelled_rows.label_value import label_text
from scopesift_classifiers.labelled_rows.splits import SplitRows, no_rows, optional_text

MOST_TOLD = 8
"""Maximum number of labels listed in a message."""


@dataclass(frozen=True)
class LabelledText:
    """N texts with labels; the four lists have the same length.

    Attributes:
        texts: unchanged texts; may be empty or contain lone surrogates.
        labels: one label per text.
        langs: ISO 639-1 codes, or None.
        sources: the data set of each row, or None.
        origin: name of the rows in errors, such as the file's name.
    """

    texts: list[str]
    labels: list[str]
    langs: list[str | None]
    sources: list[str | None]
    origin: str = "the labelled texts"

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.texts, self.labels, self.langs, self.sources)}
        if len(lengths) != 1:
            raise ValueError(f"texts, labels, langs and sources need one length, got {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def classes(self) -> list[str]:
        """The distinct labels, sorted."""
        return sorted(set(self.labels))

    def select(self, index_N: npt.ArrayLike) -> "LabelledText":
        """The rows at integer indices, in the given order; a boolean mask is an error."""
        index = np.asarray(index_N)
        if index.ndim != 1 or (index.size and not np.issubdtype(index.dtype, np.integer)):
            raise ValueError(f"expected a list of row numbers, got {index.dtype} of shape {index.shape}")
        rows = [int(row) for row in index]
        return LabelledText(
            [self.texts[row] for row in rows],
            [self.labels[row] for row in rows],
            [self.langs[row] for row in rows],
            [self.sources[row] for row in rows],
            self.origin,
        )

    def fingerprint(self) -> str:
        """Hex sha256 of the set of rows: independent of file format, compression and row order."""
        row_hashes = sorted(
            hashlib.sha256(json.dumps(row).encode("ascii")).digest()
            for row in zip(self.texts, self.labels, self.langs, self.sources, strict=True)
        )
        return hashlib.sha256(b"".join(row_hashes)).hexdigest()

    def require_two_classes(self) -> None:
        """Check that there are at least two labels.

        Raises:
            InputError: fewer than two labels occur.
        """
        if len(self.classes) < 2:
            only = f"only {self.classes[0]!r}" if self.classes else "no rows"
            raise InputError(
                f"{self.origin}: expected at least two labels, got {only} in {counted(len(self), 'row')}; "
                "add rows of the other label"
            )

    def require_labels(self, known: Collection[str]) -> None:
        """Checks that every label is one of `known`.

        Raises:
            InputError: an unknown label occurs; the message has the label, its count and the first row.
        """
        unknown = Counter(label for label in self.labels if label not in known)
        if unknown:
            first = next(row for row, label in enumerate(self.labels) if label in unknown)
            raise InputError(
                f"{self.origin}, row {first + 1}: expected a label out of {', '.join(sorted(known))}, "
                f"got {_told(unknown)}; rename or remove them"
            )

    def told_labels(self) -> str:
        """The labels with counts, the most frequent first, for a message."""
        return _told(Counter(self.labels))


def join_rows(rows: Sequence[LabelledText]) -> LabelledText:
    """Several sets of rows as one, in their order."""
    return LabelledText(
        texts=[text for own in rows for text in own.texts],
        labels=[label for own in rows for label in own.labels],
        langs=[lang for own in rows for lang in own.langs],
        sources=[source for own in rows for source in own.sources],
        origin=", ".join(dict.fromkeys(own.origin for own in rows)),
    )


def read_labelled(
    path: str | Path, *, text: str = "text", label: str = "label", split: str | None = None
) -> LabelledText:
    """Reads a labelled file: `.jsonl` (`.json`), `.csv` or `.parquet`, plain or with `.gz`, `.xz` or `.zst`.

    Columns `lang` and `source` are read if present. Labels are those of `label_text`.

    Args:
        path: the file.
        text: name of the column that holds the text.
        label: name of the column that holds the label.
        split: keep only rows of this split, see `SplitRows`; None keeps all.

    Raises:
        UsageError: there is no such file.
        InputError: the content doesn't match the extension, a column is missing, a value has the wrong type, or
            there are no rows; with file, line and remedy.
    """
    rows = LabelledText([], [], [], [], origin=Path(path).name)
    wanted = SplitRows(path, split)
    for row in sound_rows(read_rows(path)):
        if row not in wanted:
            continue
        rows.texts.append(row.with_text(text).sound().text)
        rows.labels.append(_label_of(row, label))
        rows.langs.append(optional_text(row, "lang"))
        rows.sources.append(optional_text(row, "source"))
    if not rows.texts:
        raise no_rows(path, split, f"{text!r} and {label!r}")
    return rows


def _label_of(row: Row, column: str) -> str:
    value = row.value(column)
    label = label_text(value)
    if label is None:
        got = "an empty one" if isinstance(value, str) else json_type(value)
        got = f"the number {value}" if isinstance(value, float) else got
        raise InputError(
            f"{row.place}: expected a label in {column!r} (a string, a whole number, or true or false), got {got}; "
            "fix or remove the row"
        )
    return label


def _told(counts: Counter[str]) -> str:
    shown = [f"{label!r} in {counted(n, 'row')}" for label, n in counts.most_common(MOST_TOLD)]
    more = len(counts) - MOST_TOLD
    return ", ".join(shown) + (f" and {counted(more, 'more label')}" if more > 0 else "")
