"""Settings for reading texts, which must be the same in fitting and in use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from scopesift_files.errors import ScopeError

FLOAT32, INT8 = "float32", "int8"
DTYPES = (FLOAT32, "bfloat16", "float16")
BACKBONE_DTYPES = (*DTYPES, INT8)
SKIPS = ("prefix", "first-token")
MIN_TEXT_TOKENS = 7


@dataclass(frozen=True)
class ReadingSettings:
    """Tokens around a text, which tokens count, window sizes and precision.

    Attributes:
        prefix: tokens before every window, by their names in the vocabulary: none for Qwen, `<|endoftext|>` for
            nano, `<s> ▁que ry :` ("query:") for e5.
        suffix: tokens after every window, such as an encoder's `</s>`.
        skip: "prefix" leaves out the tokens of prefix and suffix only; "first-token" also leaves out the first
            token of every window unless it is the only one, since SAEs were not trained on its extreme norm.
        window_tokens: maximum tokens of a window, including prefix and suffix.
        overlap_tokens: tokens that neighbouring windows share.
        dtype: precision of the backbone's arithmetic; "int8" is that of the linear layers in ONNX Runtime, and then of
            the encoders too, see `reading.onnx`.
        sae_dtype: precision to which the SAE's weights are rounded in memory, which changes some top-k sets; in int8
            they are rounded to bytes after that.
        norm_limit: tokens whose residual norm exceeds this many times the median are left out, since SAEs were not
            trained on them; None: no limit. See `extreme_tokens`.
    """

    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    skip: str = "first-token"
    window_tokens: int = 512
    overlap_tokens: int = 64
    dtype: str = FLOAT32
    sae_dtype: str = FLOAT32
    norm_limit: float | None = None

    def __post_init__(self) -> None:
        for name in ("prefix", "suffix"):
            tokens = getattr(self, name)
            if not isinstance(tokens, tuple) or not all(isinstance(token, str) and token for token in tokens):
                raise ScopeError(f"settings: {name} must be a token or a list of tokens, not {tokens!r}")
        if self.skip not in SKIPS:
            raise ScopeError(f"settings: skip must be one of {', '.join(SKIPS)}, not {self.skip!r}")
        for name, known in (("dtype", BACKBONE_DTYPES), ("sae_dtype", DTYPES)):
            if getattr(self, name) not in known:
                raise ScopeError(
                    f"settings: {name} must be one of {', '.join(known)}, not {getattr(self, name)!r}"
                )
        for name in ("window_tokens", "overlap_tokens"):
            if type(getattr(self, name)) is not int:
                raise ScopeError(f"settings: {name} must be a whole number, not {getattr(self, name)!r}")
        limit = self.norm_limit
        if limit is not None and not (type(limit) in (int, float) and 1 < limit < math.inf):
            raise ScopeError(f"settings: norm_limit must be a number above 1, or null, not {limit!r}")
        around = len(self.prefix) + len(self.suffix)
        room = self.window_tokens - around
        if room < MIN_TEXT_TOKENS:
            raise ScopeError(
                f"settings: window_tokens must leave at least {MIN_TEXT_TOKENS} tokens to the text beside the "
                f"{around} of prefix and suffix, not be {self.window_tokens}"
            )
        if not 1 <= self.overlap_tokens <= min(self.window_tokens // 2, room - 1):
            raise ScopeError(
                "settings: overlap_tokens must be between 1 and half of window_tokens, "
                f"not {self.overlap_tokens} of {self.window_tokens}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON-ready values: one prefix token as its name, several as a list."""
        values = {**asdict(self), "prefix": _json_tokens(self.prefix), "suffix": _json_tokens(self.suffix)}
        absent = {"suffix"} if not self.suffix else set()
        if self.norm_limit is None:
            absent.add("norm_limit")
        return {key: value for key, value in values.items() if key not in absent}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReadingSettings:
        """Settings from JSON values; missing fields take their default.

        Raises:
            ScopeError: for an unknown name or an impossible value.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ScopeError(
                f"settings: unknown name {unknown[0]!r}; the names are {', '.join(sorted(known))}"
            )
        around = {name: _read_tokens(values[name]) for name in ("prefix", "suffix") if name in values}
        return cls(**{**values, **around})


def _json_tokens(tokens: tuple[str, ...]) -> str | list[str]:
    return "".join(tokens) if len(tokens) < 2 else list(tokens)


def _read_tokens(value: Any) -> Any:
    """Tokens as a tuple; other types are returned unchanged, for the check."""
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(value) if isinstance(value, list) else value
