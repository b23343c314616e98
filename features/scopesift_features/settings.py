"""How a scope reads a text: the settings that must be the same in fitting and in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from scopesift_features.errors import ScopeError

DTYPES = ("float32", "bfloat16", "float16")
SKIPS = ("prefix", "first-token")


@dataclass(frozen=True)
class ReadingSettings:
    """What is put before a text, which tokens count, how long texts are cut, and in which precision.

    Attributes:
        prefix: text prepended to every window as special tokens; "" for backbones without one (Qwen).
        skip: "prefix" leaves out the prefix's tokens only; "first-token" also leaves out the first token of
            every window unless it is the only one, since SAEs were not trained on its extreme norm.
        window_tokens: most tokens of a window, prefix included.
        overlap_tokens: tokens that neighbouring windows share.
        dtype: precision of the backbone's arithmetic.
        sae_dtype: precision in which the SAE's weights are held; rounding them changes some top-k sets.
    """

    prefix: str = ""
    skip: str = "first-token"
    window_tokens: int = 512
    overlap_tokens: int = 64
    dtype: str = "float32"
    sae_dtype: str = "float32"

    def __post_init__(self) -> None:
        if not isinstance(self.prefix, str):
            raise ScopeError(f"settings: prefix must be a text, not {self.prefix!r}")
        if self.skip not in SKIPS:
            raise ScopeError(f"settings: skip must be one of {', '.join(SKIPS)}, not {self.skip!r}")
        for name in ("dtype", "sae_dtype"):
            if getattr(self, name) not in DTYPES:
                raise ScopeError(
                    f"settings: {name} must be one of {', '.join(DTYPES)}, not {getattr(self, name)!r}"
                )
        for name in ("window_tokens", "overlap_tokens"):
            if type(getattr(self, name)) is not int:
                raise ScopeError(f"settings: {name} must be a whole number, not {getattr(self, name)!r}")
        if self.window_tokens < 8 or not 1 <= self.overlap_tokens <= self.window_tokens // 2:
            raise ScopeError(
                "settings: window_tokens must be at least 8 and overlap_tokens between 1 and half of it, "
                f"not {self.window_tokens} and {self.overlap_tokens}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReadingSettings:
        """Settings from JSON values; what is absent takes its default.

        Raises:
            ScopeError: for an unknown name or an impossible value.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ScopeError(
                f"settings: unknown name {unknown[0]!r}; the names are {', '.join(sorted(known))}"
            )
        return cls(**values)
