"""Batches of windows of similar length, padded on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scopesift_features.reading.batch_plan import plan_batches
from scopesift_features.reading.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A batch of B windows, padded to T tokens.

    Attributes:
        ids_BT: int64; padding is token 0.
        mask_BT: int64, 1 on tokens, 0 on padding. Right padding only: left padding corrupts
            the state of linear-attention blocks.
        windows: the windows of the rows.
    """

    ids_BT: Tensor
    mask_BT: Tensor
    windows: list[Window]

    @property
    def keep_BT(self) -> Tensor:
        """Bool, True on the tokens that count: not padding, prefix, suffix or skipped first tokens."""
        keep_BT = torch.zeros(self.ids_BT.shape, dtype=torch.bool)
        for row, window in enumerate(self.windows):
            keep_BT[row, : len(window.keep)] = torch.from_numpy(np.ascontiguousarray(window.keep))
        return keep_BT


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
    ids_BT = torch.zeros(len(windows), width, dtype=torch.int64)
    mask_BT = torch.zeros(len(windows), width, dtype=torch.int64)
    for row, window in enumerate(windows):
        ids_BT[row, : len(window.ids)] = torch.from_numpy(window.ids)
        mask_BT[row, : len(window.ids)] = 1
    return Batch(ids_BT, mask_BT, windows)
