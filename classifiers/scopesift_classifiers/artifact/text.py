"""Text forms of an artifact: canonical for hashing, and readable for people and diffs."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

LINE = 110


def canonical(content: Any) -> str:
    """JSON with sorted keys and no blanks."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def without_names(content: dict[str, Any]) -> dict[str, Any]:
    """The content without its features' labels, which are editable."""
    bare = copy.deepcopy(content)
    for decision in (bare["default"], *bare["by_lang"].values()):
        for item in decision["features"]:
            item.pop("label", None)
    return bare


def digest(content: dict[str, Any]) -> str:
    """Hex sha256 of the canonical text without the features' labels."""
    return hashlib.sha256(canonical(without_names(content)).encode()).hexdigest()


def readable(value: Any, depth: int = 0) -> str:
    """Indented JSON with values on one line where they fit, and long lists of numbers on one line."""
    flat = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    scalars = isinstance(value, list) and not any(isinstance(item, list | dict) for item in value)
    if len(flat) + depth <= LINE or not isinstance(value, list | dict) or scalars:
        return flat
    pad = " " * (depth + 1)
    if isinstance(value, list):
        body = [pad + readable(item, depth + 1) for item in value]
        return "[\n" + ",\n".join(body) + "\n" + " " * depth + "]"
    body = [
        f"{pad}{json.dumps(key, ensure_ascii=False)}: {readable(item, depth + 1)}"
        for key, item in sorted(value.items())
    ]
    return "{\n" + ",\n".join(body) + "\n" + " " * depth + "}"
