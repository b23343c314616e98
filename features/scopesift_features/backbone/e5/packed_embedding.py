"""A 4-bit embedding; rows are dequantised when they are looked up."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PackedEmbedding(nn.Module):
    """A word embedding `[V, D]` of 4-bit blocks.

    Memory-mapped, it costs page cache for the rows in use instead of four bytes per weight, and no time at start.
    """

    scales_VB: Tensor
    nibbles_VBH: Tensor

    def __init__(self, scales_VB: Tensor, nibbles_VBH: Tensor, dtype: torch.dtype = torch.float32) -> None:
        """Set the blocks.

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
        nibbles = self.nibbles_VBH[ids]
        # as `q4_file.dequantised`, on any device
        values = torch.cat((nibbles & 15, nibbles >> 4), dim=-1).float() - 8.0
        return (values * self.scales_VB[ids].float()[..., None]).flatten(-2).to(self.dtype)
