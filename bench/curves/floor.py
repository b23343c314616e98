"""The bare matrix products of e5's cut blocks and its SAEs, without anything between them."""

from __future__ import annotations

from collections.abc import Sequence

import torch

WIDTH, INNER, HEADS = 384, 1536, 12
"""Of multilingual-e5-small."""


class Floor:
    """The products for texts of given lengths, float32, all texts of a batch side by side without padding."""

    def __init__(self, blocks: int, d_sae: int, saes: int) -> None:
        """Make the weights.

        Args:
            blocks: Number of transformer blocks.
            d_sae: Features of an SAE.
            saes: How many SAEs are encoded in full.
        """
        shapes = [(WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, INNER), (INNER, WIDTH)] * blocks
        self._weights = [torch.randn(shape) for shape in (*shapes, *[(WIDTH, d_sae)] * saes)]
        self._blocks = blocks

    @torch.inference_mode()
    def run(self, lengths: Sequence[int], batch_tokens: int = 1024) -> None:
        """All products, in batches of at most `batch_tokens` tokens where texts are not longer."""
        for length in sorted(set(lengths)):
            count = lengths.count(length)
            size = max(1, batch_tokens // length)
            for begin in range(0, count, size):
                self._batch(min(size, count - begin), length)

    def _batch(self, texts: int, length: int) -> None:
        inputs = {WIDTH: torch.zeros(texts * length, WIDTH), INNER: torch.zeros(texts * length, INNER)}
        for weight in self._weights:
            torch.mm(inputs[weight.shape[0]], weight)
        heads = torch.zeros(texts * HEADS, length, WIDTH // HEADS)
        for _ in range(self._blocks):
            torch.bmm(torch.bmm(heads, heads.transpose(1, 2)), heads)
