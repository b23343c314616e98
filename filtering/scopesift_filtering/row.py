"""One row of an input, read or not."""

from __future__ import annotations

from typing import Any, NamedTuple

# Why a row lands in the dead letter; the order is that of the table in docs/filtering.md.
REASONS = {
    "bad_utf8": "the bytes are not UTF-8",
    "bad_json": "the line is not JSON",
    "not_an_object": "the line is JSON, but not an object",
    "bad_csv": "the record does not have the header's columns, or a quote is not closed",
    "no_text": "the text column is missing, null, or blank",
    "text_not_a_string": "the text column holds something else than a string",
    "too_long": "the text or the row is longer than the settings allow",
    "bad_compression": "the compressed file breaks off or is damaged; what comes after it is unread",
    "bad_parquet": "the row group or file cannot be read",
    "bad_value": "a column that the condition reads holds what its type does not allow",
    "condition_failed": "the condition cannot be computed for the row",
}


class Row(NamedTuple):
    """A row and where it stands.

    Attributes:
        file: index of the input file.
        row: number of the row in its file, from 0; rejected rows count.
        line: first line of the row in a text file, from 1; 0 for Parquet.
        raw: its bytes without the line end; empty for Parquet.
        fields: column to value; empty for Parquet, whose columns stay in the shard's table.
        text: the text; "" where there is none.
        position: bytes of the file on disk that were read by then, for progress.
        reason: why it can't be read, a key of `REASONS`; "" if it can.
        detail: what exactly was found.
    """

    file: int
    row: int
    line: int
    raw: bytes
    fields: dict[str, Any]
    text: str
    position: int = 0
    reason: str = ""
    detail: str = ""

    def rejected(self, reason: str, detail: str) -> Row:
        """The same row with a reason for its rejection."""
        return self._replace(reason=reason, detail=detail)


def checked_text(row: Row, value: object, *, max_chars: int, present: bool = True) -> Row:
    """The row with its text, or with the reason why it has none."""
    if not present:
        return row.rejected("no_text", "the column is missing")
    if value is None:
        return row.rejected("no_text", "the column is null")
    if not isinstance(value, str):
        return row.rejected("text_not_a_string", f"a {type(value).__name__}")
    if not value.strip():
        return row.rejected("no_text", "the text is blank")
    if len(value) > max_chars:
        return row.rejected("too_long", f"{len(value)} characters, the limit is {max_chars}")
    return row._replace(text=value)
