"""An embedding table that stays in 4 bits: rows are dequantised as they are looked up."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scopesift_features.backbone.e5.q4_file import dequantised


class PackedEmbedding(nn.Module):
    """A word table `[V, D]` of 4-bit blocks.

    Mapped from its file it costs page cache for the rows that are met instead of four bytes a weight, and nothing
    at start.
    """

    scales_VB: Tensor
    nibbles_VBH: Tensor

    def __init__(self, scales_VB: Tensor, nibbles_VBH: Tensor, dtype: torch.dtype = torch.float32) -> None:
        """Hold the blocks.

        Args:
            scales_VB: `[V, D / 32]` float16.
            nibbles_VBH: `[V, D / 32, 16]` uint8.
            dtype: precision to which the dequantised rows are rounded.
        """
        super().__init__()
        self.dtype = dtype
        self.register_buffer("scales_VB", scales_VB, persistent=False)
        self.register_buffer("nibbles_VBH", nibbles_VBH, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Rows `[…, D]` of token ids `[…]` int64."""
        return dequantised(self.scales_VB[ids], self.nibbles_VBH[ids]).flatten(-2).to(self.dtype)
