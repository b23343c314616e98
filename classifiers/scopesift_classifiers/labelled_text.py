"""Texts with their labels, read from JSONL, CSV or Parquet; and bare texts for classifying."""

import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scopesift_files.errors import InputError

from scopesift_classifiers.text_rows import (
    Row,
    decoded_lines,
    json_rows,
    json_type,
    read_lines,
    read_rows,
    row_format,
)


@dataclass(frozen=True)
class LabelledText:
    """N texts with labels; the four lists have the same length.

    Attributes:
        texts: the texts as they came; may be empty or hold lone surrogates.
        labels: one label a text.
        langs: ISO 639-1 codes, None where the file says nothing.
        sources: the data set a row came from, None where the file says nothing.
        origin: what to call the rows in an error, such as the file's name.
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
        """The labels that occur, sorted."""
        return sorted(set(self.labels))

    def select(self, index_N: npt.ArrayLike) -> "LabelledText":
        """The rows at integer positions, in the order given; a boolean mask is refused."""
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
        """Hex sha256 of the set of rows: the same whatever the file format, compression and row order."""
        row_hashes = sorted(
            hashlib.sha256(json.dumps(row).encode("ascii")).digest()
            for row in zip(self.texts, self.labels, self.langs, self.sources, strict=True)
        )
        return hashlib.sha256(b"".join(row_hashes)).hexdigest()

    def require_two_classes(self) -> None:
        """Checks that there is something to tell apart.

        Raises:
            InputError: fewer than two labels occur.
        """
        if len(self.classes) < 2:
            only = f"only {self.classes[0]!r}" if self.classes else "no rows"
            raise InputError(
                f"{self.origin}: expected at least two labels, got {only} in {len(self)} rows; "
                "add rows of the other label"
            )

    def require_labels(self, known: Collection[str]) -> None:
        """Checks that every label is one of `known`.

        Raises:
            InputError: an unknown label occurs; names it, how often, and the first row.
        """
        unknown = Counter(label for label in self.labels if label not in known)
        if unknown:
            label, count = unknown.most_common(1)[0]
            others = f" (and {len(unknown) - 1} more labels)" if len(unknown) > 1 else ""
            raise InputError(
                f"{self.origin}, row {self.labels.index(label) + 1}: expected a label out of "
                f"{', '.join(sorted(known))}, got {label!r} in {count} rows{others}; rename or remove them"
            )


def read_labelled(
    path: str | Path, *, text: str = "text", label: str = "label", split: str | None = None
) -> LabelledText:
    """Reads a labelled file: `.jsonl`, `.csv` or `.parquet`, plain or with `.gz` or `.zst`.

    `lang` and `source` columns are read where there are any. Whole-number labels become strings.

    Args:
        path: the file.
        text: name of the column that holds the text.
        label: name of the column that holds the label.
        split: keep only rows whose `split` column holds this; rows without one are always kept.

    Raises:
        UsageError: there is no such file.
        InputError: the content is not as its name says, a column is missing, a value has the wrong type, or
            there are no rows; with file, line and remedy.
    """
    rows = LabelledText([], [], [], [], origin=Path(path).name)
    for row in read_rows(path):
        if split is not None and (row.fields.get("split") or split) != split:
            continue
        rows.texts.append(_text_of(row, text))
        rows.labels.append(_label_of(row, label))
        rows.langs.append(_optional(row, "lang"))
        rows.sources.append(_optional(row, "source"))
    if not rows.texts:
        part = f" of split {split!r}" if split is not None else ""
        raise InputError(
            f"{rows.origin}: expected rows{part} with {text!r} and {label!r}, got none; give a file with rows"
        )
    return rows


def read_texts(source: str | Path | Iterable[bytes], *, name: str = "stdin") -> Iterator[str]:
    r"""Yields texts to classify, one at a time, as they arrive.

    Rows of JSONL, CSV or Parquet give their `text`; any other file gives one text a line, blank ones too, so
    that answers and lines correspond. Lines of bytes (standard input) are JSONL if the first that is not
    blank starts with `{"`.

    Args:
        source: a path, or lines of bytes such as `sys.stdin.buffer`.
        name: what to call lines of bytes in an error.

    Raises:
        UsageError: there is no such file.
        InputError: bad UTF-8, bad JSON, or a row without a string under `text`; with the line.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        if row_format(path):
            return (_text_of(row, "text") for row in read_rows(path))
        return _texts_of_lines(read_lines(path), path.name)
    return _texts_of_lines(decoded_lines(source, name), name)


def _texts_of_lines(lines: Iterator[tuple[int, str]], name: str) -> Iterator[str]:
    blank = []
    for number, line in lines:
        if not line.strip():
            blank.append((number, line))
            continue
        rest = itertools.chain([(number, line)], lines)
        if re.match(r'\s*\{\s*"', line):
            yield from (_text_of(row, "text") for row in json_rows(rest, name))
        else:
            yield from (plain.rstrip("\r\n") for _, plain in itertools.chain(blank, rest))
        return
    yield from (plain.rstrip("\r\n") for _, plain in blank)


def _value(row: Row, column: str) -> object:
    try:
        return row.fields[column]
    except KeyError:
        there = ", ".join(map(repr, row.fields)) or "none"
        raise InputError(
            f"{row.place}: expected a column {column!r}, got {there}; rename it or name the column to read"
        ) from None


def _text_of(row: Row, column: str) -> str:
    value = _value(row, column)
    if not isinstance(value, str):
        raise InputError(
            f"{row.place}: expected a string in {column!r}, got {json_type(value)}; fix or remove the row"
        )
    return value


def _label_of(row: Row, column: str) -> str:
    value = _value(row, column)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        got = "an empty one" if isinstance(value, str) else json_type(value)
        raise InputError(f"{row.place}: expected a label in {column!r}, got {got}; fix or remove the row")
    return value


def _optional(row: Row, column: str) -> str | None:
    value = row.fields.get(column)
    if value is not None and not isinstance(value, str):
        raise InputError(
            f"{row.place}: expected a string in {column!r}, got {json_type(value)}; fix or remove it"
        )
    return value or None
