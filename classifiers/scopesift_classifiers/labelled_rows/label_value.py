"""Labels as strings, independent of the file format."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

_BOOLEAN = {word: word.lower() for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_WHOLE = re.compile(r"(0|-?[1-9][0-9]*)\.0+")


def label_text(value: Any) -> str | None:
    """The label of a value; None if it is not a label.

    Booleans become "true" or "false", and whole numbers have no decimals, because formats differ: JSON and Parquet have
    `true` and `1.0`; in CSV, which has only strings, the same column is `True`, `TRUE` or `1.0`.

    Args:
        value: Of a column as the format gives it. Blank strings, fractions, NaN, lists, objects and null are no labels.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return str(int(value)) if math.isfinite(value) and value == int(value) else None
    if not isinstance(value, str) or not value.strip():
        return None
    if value in _BOOLEAN:
        return _BOOLEAN[value]
    whole = _WHOLE.fullmatch(value)
    return whole[1] if whole else value
