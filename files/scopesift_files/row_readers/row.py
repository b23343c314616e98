"""One row of a file, readable or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from scopesift_files.counted import counted
from scopesift_files.errors import InputError, first_line
from scopesift_files.near_name import near_name

# Reason -> what is wrong with a row, and what the user should do.
REASONS = {
    "bad_utf8": ("the bytes are not UTF-8", "save the file as UTF-8"),
    "bad_json": ("the line is not JSON, or repeats a key", "fix or remove the line"),
    "not_an_object": ("the line is JSON, but not an object", "write one object a line"),
    "bad_csv": (
        "the record does not have the header's columns, or a quote is not closed",
        'put text with commas, quotes or line breaks between quotes (")',
    ),
    "bad_header": (
        "the first line of the CSV file does not name each column once; the file is not read",
        "name each column once in the first line",
    ),
    "no_text": (
        "the text column is missing, null, or blank",
        "rename the column or name it with an option, or fix or remove the row",
    ),
    "text_not_a_string": ("the text column does not hold a string", "fix or remove the row"),
    "too_long": ("the text or the row is longer than the settings allow", "cut or remove the row"),
    "bad_compression": (
        "the compressed file is truncated or damaged; the rest is not read",
        "copy the file again, or give it the suffix of its compression",
    ),
    "bad_parquet": ("the row group or file cannot be read", "write the file again"),
    "bad_value": ("a column that is used holds a value of the wrong type", "fix or remove the row"),
}


@dataclass(slots=True)
class Row:
    """A row of a file and its place; readers fill in its fields.

    Attributes:
        file: name, path or URL of its file.
        number: row index in the file, from 0; unreadable rows count.
        line: first line of the row in a text file, from 1; 0 for Parquet.
        raw: its bytes without the final line end; empty for Parquet.
        end: the final line end.
        position: bytes of the file on disk read so far, for progress; ahead of the row by up to a buffer.
        fields: column to value; values of Parquet are converted on access.
        text: the line, and after `with_text` the text of the row.
        reason: why it was rejected, a key of `REASONS` or of the caller's own; "" if it was not.
        detail: what was expected and what was found.
    """

    file: str
    number: int
    line: int = 0
    raw: bytes = b""
    end: bytes = b""
    position: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    reason: str = ""
    detail: str = ""

    @property
    def place(self) -> str:
        """`"data.jsonl, line 7"`, or `"data.parquet, row 7"`, counted from 1; the file alone if all of it is bad."""
        name = PurePosixPath(self.file).name
        if self.reason == "bad_parquet":
            return name
        return f"{name}, line {self.line}" if self.line else f"{name}, row {self.number + 1}"

    @property
    def complaint(self) -> str:
        """What is wrong with it, as one line with place and remedy."""
        return f"{self.place}: {self.detail}; {REASONS[self.reason][1]}"

    def reject(self, reason: str, detail: str) -> Row:
        """Mark it as rejected; returns the row."""
        self.reason, self.detail, self.text = reason, detail, ""
        return self

    def sound(self) -> Row:
        """The row itself.

        Raises:
            InputError: it was rejected.
        """
        if self.reason:
            raise InputError(self.complaint)
        return self

    def decode(self) -> None:
        """Decode the raw bytes into `text`."""
        try:
            self.text = self.raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self.reject(
                "bad_utf8",
                f"expected UTF-8, got the byte 0x{self.raw[error.start]:02x} at offset {error.start}",
            )

    def value(self, column: str) -> Any:
        """The value of a column.

        Raises:
            InputError: the row was rejected, has no such column, or Python can't represent the value.
        """
        value = self._look_up(column)
        self.sound()
        return value

    def _look_up(self, column: str) -> Any:
        if self.reason:
            return None
        if column not in self.fields:
            there = ", ".join(map(repr, self.fields)) or "none"
            near = near_name(column, tuple(self.fields))
            hint = f" (is it {near!r}?)" if near is not None else ""
            self.reject("no_text", f"expected a column {column!r}, got {there}{hint}")
            return None
        try:
            return self.fields[column]
        except UnicodeDecodeError as error:
            self.raw = bytes(error.object)
            self.decode()
        except Exception as error:  # Arrow's error for a value that Python can't represent
            said = first_line(error)
            self.reject("bad_value", f"expected a value that Python can represent in {column!r}, got {said}")
        return None

    def with_text(self, column: str, *, max_chars: int | None = None, blank: bool = True) -> Row:
        """Set `text` from a column, or reject the row; a row that was rejected before is left as it is.

        Args:
            column: the column that holds the text.
            max_chars: longer texts are rejected; None: no limit.
            blank: whether empty and white-space texts are allowed.
        """
        value = self._look_up(column)
        if self.reason:
            return self
        if not isinstance(value, str):
            if isinstance(value, bytes):
                self.raw = value
            reason = "no_text" if value is None else "text_not_a_string"
            return self.reject(reason, f"expected a string in {column!r}, got {json_type(value)}")
        if not blank and not value.strip():
            return self.reject("no_text", f"expected text in {column!r}, got a blank one")
        if max_chars is not None and len(value) > max_chars:
            return self.reject(
                "too_long", f"expected at most {counted(max_chars, 'character')}, got {len(value)}"
            )
        self.text = value
        return self


def sound_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """Yields the rows.

    Raises:
        InputError: at the first rejected row.
    """
    return (row.sound() for row in rows)


def json_type(value: object) -> str:
    """The type of a value read from a file, in JSON's words."""
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    if value is None:
        return "nothing (null)"
    return "an object" if isinstance(value, dict) else names.get(type(value), type(value).__name__)
