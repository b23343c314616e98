"""The text of an artifact: canonical bytes for hashing, and a layout that a person can read and diff."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

LINE = 110


def canonical(content: Any) -> str:
    """JSON with sorted keys and no blanks: equal content, equal text."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def without_names(content: dict[str, Any]) -> dict[str, Any]:
    """The content without its features' human labels, which are free to edit."""
    bare = copy.deepcopy(content)
    for decision in (bare["default"], *bare["by_lang"].values()):
        for item in decision["features"]:
            item.pop("label", None)
    return bare


def digest(content: dict[str, Any]) -> str:
    """Hex sha256 over the canonical text without the features' human labels."""
    return hashlib.sha256(canonical(without_names(content)).encode()).hexdigest()


def readable(value: Any, depth: int = 0) -> str:
    """Indented JSON in which whatever fits on a line stands on one line, and long lists of numbers too."""
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
