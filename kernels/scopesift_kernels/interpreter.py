"""Whether Triton's kernels run in its interpreter, on CPU tensors: how they are tested without a GPU."""

from __future__ import annotations

import os


def interpreted() -> bool:
    """True where TRITON_INTERPRET=1; Triton itself reads it once, when it is imported."""
    return os.environ.get("TRITON_INTERPRET") == "1"
