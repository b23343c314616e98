"""Columns of a batch as data tools pass them: lists, numpy arrays, or Arrow arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import UsageError
from scopesift_files.near_name import near_name


def texts_of(batch: Any, text: str) -> list[Any]:
    """The values of the text column, as Python objects; not all of them need be strings.

    Args:
        batch: a mapping or a pandas frame.
        text: name of the column.

    Raises:
        UsageError: there is no such column, or it is a single value.
    """
    if text not in batch:
        there = ", ".join(map(repr, batch)) or "none"
        near = near_name(text, tuple(batch))
        hint = f" (is it {near!r}?)" if near is not None else ""
        raise UsageError(f"expected a column {text!r}, got {there}{hint}; name it with Scorer(text=…)")
    column = batch[text]
    if column is None or isinstance(column, str):
        raise UsageError(
            f"expected columns, got one row ({text!r} is a single value); map with batched=True, or use map_batches"
        )
    if hasattr(column, "to_pylist"):
        return list(column.to_pylist())
    if hasattr(column, "tolist"):  # numpy and pandas have NaN for null
        return [None if isinstance(value, float) and value != value else value for value in column.tolist()]
    return list(column)


def check_names(theirs: Any, ours: Any) -> None:
    """Check that no column would be overwritten.

    Args:
        theirs: a mapping or a pandas frame.
        ours: Arrow schema of our columns.

    Raises:
        UsageError: a column of the batch has the name of one of ours.
    """
    twice = next((name for name in ours.names if name in theirs), None)
    if twice is not None:
        raise UsageError(f"the batch has a column {twice!r} already, a name of ours; rename or remove it")


def in_kind(column: Any, like: Any) -> Any:
    """An Arrow column as the kind of another column: Arrow, numpy, or a list with None for null."""
    import pyarrow as pa

    if isinstance(like, (pa.Array, pa.ChunkedArray)):
        return column.combine_chunks()
    if not isinstance(like, np.ndarray):
        return column.to_pylist()
    if column.null_count or not pa.types.is_primitive(column.type):
        return _objects(column.to_pylist())
    return column.to_numpy()


def _objects(values: list[Any]) -> NDArray[np.object_]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
