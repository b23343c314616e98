"""Batches of windows of similar length, padded on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_features.reading.batching.batch_plan import plan_batches
from scopesift_features.reading.batching.windows import Window

# from this size on a token costs no less in a larger batch; see `plan_batches`
CPU_BATCH_TOKENS = 1024
ACCELERATOR_BATCH_TOKENS = 16384


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A batch of B windows, padded to T tokens.

    Attributes:
        ids_BT: int64; padding is token 0.
        mask_BT: int64, 1 on tokens, 0 on padding. Right padding only: left padding corrupts
            the state of linear-attention blocks.
        windows: the windows of the rows.
    """

    ids_BT: NDArray[np.int64]
    mask_BT: NDArray[np.int64]
    windows: list[Window]

    @property
    def keep_BT(self) -> NDArray[np.bool_]:
        """Bool, True on the tokens that count: not padding, prefix, suffix or skipped first tokens."""
        keep_BT = np.zeros(self.ids_BT.shape, dtype=np.bool_)
        for row, window in enumerate(self.windows):
            keep_BT[row, : len(window.keep)] = window.keep
        return keep_BT

    def select(self, rows_W: NDArray[np.int64]) -> Batch:
        """Some of the windows, in rows of the same width, so that rounding is the same too."""
        return Batch(self.ids_BT[rows_W], self.mask_BT[rows_W], [self.windows[row] for row in rows_W])


def default_batch_tokens(device: str) -> int:
    """Default maximum tokens of a batch, including padding."""
    return CPU_BATCH_TOKENS if device == "cpu" else ACCELERATOR_BATCH_TOKENS


def make_batches(windows: Sequence[Window], max_tokens: int) -> Iterator[Batch]:
    """Group windows by length, longest first; see `plan_batches`.

    Args:
        windows: in any order; batches are deterministic. Windows without a token that counts are left out.
        max_tokens: maximum tokens of a batch, including padding; a longer window gets its own batch.
    """
    counted = [window for window in windows if window.keep.any()]
    for items in plan_batches([len(window.ids) for window in counted], max_tokens):
        yield _pad([counted[item] for item in items])


def _pad(windows: list[Window]) -> Batch:
    width = max(len(window.ids) for window in windows)
    ids_BT = np.zeros((len(windows), width), dtype=np.int64)
    mask_BT = np.zeros((len(windows), width), dtype=np.int64)
    for row, window in enumerate(windows):
        ids_BT[row, : len(window.ids)] = window.ids
        mask_BT[row, : len(window.ids)] = 1
    return Batch(ids_BT, mask_BT, windows)
