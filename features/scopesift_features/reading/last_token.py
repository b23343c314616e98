"""The last token of every text: where a causal model has read all of a prompt.

The Qwen-Scope report compares benchmarks by the features that are active there (arXiv 2605.11887, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scopesift_features.reading.batching.windows import Window


def last_tokens(windows: Sequence[Window]) -> list[Window]:
    """The last window of every text, in which only the last token that counts is kept.

    Args:
        windows: From `make_windows`: the windows of a text in their order.

    Returns:
        One window per text that has any token that counts. A token above the norm bound is kept, since its window has
        no other.
    """
    last = {window.document: window for window in windows if window.keep.any()}
    return [replace(window, keep=_last_only(window.keep)) for window in last.values()]


def _last_only(keep_T: NDArray[np.bool_]) -> NDArray[np.bool_]:
    only_T = np.zeros_like(keep_T)
    only_T[np.flatnonzero(keep_T)[-1]] = True
    return only_T
