"""Batches of windows of similar length, padded on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

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
    """Group windows by length, longest first, so that the memory peak comes first and padding is small.

    Args:
        windows: in any order; sorting is stable, so batches are deterministic. Windows without a token that counts are
            left out.
        max_tokens: maximum tokens of a batch, including padding; a longer window gets its own batch.
    """
    counted = [index for index, window in enumerate(windows) if window.keep.any()]
    order = sorted(counted, key=lambda index: (-len(windows[index].ids), index))
    row: list[Window] = []
    for index in order:
        width = len(row[0].ids) if row else 0
        if row and (len(row) + 1) * width > max_tokens:
            yield _pad(row)
            row = []
        row.append(windows[index])
    if row:
        yield _pad(row)


def _pad(windows: list[Window]) -> Batch:
    width = max(len(window.ids) for window in windows)
    ids_BT = torch.zeros(len(windows), width, dtype=torch.int64)
    mask_BT = torch.zeros(len(windows), width, dtype=torch.int64)
    for row, window in enumerate(windows):
        ids_BT[row, : len(window.ids)] = torch.from_numpy(window.ids)
        mask_BT[row, : len(window.ids)] = 1
    return Batch(ids_BT, mask_BT, windows)
