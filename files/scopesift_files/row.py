"""One row of a file, readable or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from scopesift_files.counted import counted
from scopesift_files.errors import InputError, first_line
from scopesift_files.near_name import near_name

# Reason -> what it says of a row, and what a person should do.
REASONS = {
    "bad_utf8": ("the bytes are not UTF-8", "save the file as UTF-8"),
    "bad_json": ("the line is not JSON, or names a column twice", "fix or remove the line"),
    "not_an_object": ("the line is JSON, but not an object", "write one object a line"),
    "bad_csv": (
        "the record does not have the header's columns, or a quote is not closed",
        'put text with commas, quotes or line breaks between quotes (")',
    ),
    "bad_header": (
        "the first line of the CSV file does not name each column once; the file is unread",
        "name each column once in the first line",
    ),
    "no_text": (
        "the text column is missing, null, or blank",
        "rename the column or name it with an option, or fix or remove the row",
    ),
    "text_not_a_string": ("the text column holds something else than a string", "fix or remove the row"),
    "too_long": ("the text or the row is longer than the settings allow", "cut or remove the row"),
    "bad_compression": (
        "the compressed file breaks off or is damaged; what comes after it is unread",
        "copy the file again, or name it by how it is compressed",
    ),
    "bad_parquet": ("the row group or file cannot be read", "write the file again"),
    "bad_value": ("a column that is read holds what its type does not allow", "fix or remove the row"),
}


@dataclass(slots=True)
class Row:
    """A row and where it stands; those who read it fill it in.

    Attributes:
        file: the name, path or URL that it was read from.
        number: of the row in its file, from 0; unreadable rows count.
        line: first line of the row in a text file, from 1; 0 for Parquet.
        raw: its bytes without the last line end; empty for Parquet.
        end: that line end.
        position: bytes of the file on disk that were read by then, for progress; runs ahead by a buffer.
        fields: column to value, as the format gives it; values of Parquet are converted when they are asked for.
        text: the line, and after `with_text` the text of the row.
        reason: why it can't be read, a key of `REASONS` or one of the caller's; "" if it can.
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
        """`"data.jsonl, line 7"`, or `"data.parquet, row 7"`, counted from 1; the file alone where all of it is bad."""
        name = PurePosixPath(self.file).name
        if self.reason == "bad_parquet":
            return name
        return f"{name}, line {self.line}" if self.line else f"{name}, row {self.number + 1}"

    @property
    def complaint(self) -> str:
        """What is wrong with it, in one line with place and remedy."""
        return f"{self.place}: {self.detail}; {REASONS[self.reason][1]}"

    def reject(self, reason: str, detail: str) -> Row:
        """Say why it can't be read."""
        self.reason, self.detail, self.text = reason, detail, ""
        return self

    def sound(self) -> Row:
        """The row itself.

        Raises:
            InputError: it can't be read.
        """
        if self.reason:
            raise InputError(self.complaint)
        return self

    def decode(self) -> None:
        """Take the text from the raw bytes."""
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
            InputError: the row can't be read, has no such column, or a value in it that Python can't hold.
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
        except Exception as error:  # whatever Arrow says of a value that Python can't hold
            self.reject("bad_value", f"expected what Python can hold in {column!r}, got {first_line(error)}")
        return None

    def with_text(self, column: str, *, max_chars: int | None = None, blank: bool = True) -> Row:
        """The row with the text of a column, or with the reason why it has none; an unreadable one as it is.

        Args:
            column: the column that holds the text.
            max_chars: longer texts are rejected; None: none are.
            blank: whether a text may be empty or white space.
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
    """The rows, as far as they can be read.

    Raises:
        InputError: at the first that can't.
    """
    return (row.sound() for row in rows)


def json_type(value: object) -> str:
    """What a person calls the type of a value read from a file."""
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    if value is None:
        return "nothing (null)"
    return "an object" if isinstance(value, dict) else names.get(type(value), type(value).__name__)
