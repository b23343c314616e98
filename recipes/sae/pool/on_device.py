"""The pool's training tokens in GPU memory, from which batches are drawn in microseconds instead of milliseconds."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipes.sae.pool.residuals import ResidualPool

SPARE_BYTES = 8 * 2**30
"""Bytes reserved for the training."""


class PoolOnDevice:
    """A copy of the pool; chunks that were replaced on disk are copied again.

    Attributes:
        pool: The pool on disk.
    """

    def __init__(self, pool: ResidualPool, device: torch.device) -> None:
        """Copy all chunks."""
        self.pool, self._device = pool, device
        self._generations: dict[str, int] = {}
        self._rows = {
            layer: torch.empty(pool.rows, pool.d_model, dtype=torch.float16, device=device)
            for layer in pool.layers
        }
        self.refresh()

    @staticmethod
    def fits(pool: ResidualPool, device: torch.device) -> bool:
        """Whether the device is a GPU with room for the pool."""
        if device.type != "cuda":
            return False
        free, _ = torch.cuda.mem_get_info(device)
        return free - SPARE_BYTES > 2 * pool.rows * pool.d_model * len(pool.layers)

    def refresh(self) -> None:
        """Copy chunks that were replaced since."""
        begin = 0
        for name, chunk in self.pool.training_chunks():
            if self._generations.get(name) != chunk.generation:
                for layer, rows_TD in self._rows.items():
                    stored = np.array(
                        self.pool.stored(name, layer)
                    )  # copied because the memory map is read-only
                    rows_TD[begin : begin + chunk.tokens].copy_(torch.from_numpy(stored))
                self._generations[name] = chunk.generation
            begin += chunk.tokens

    def take(self, layer: int, rows: NDArray[np.int64]) -> Tensor:
        """As `ResidualPool.take`, on the device."""
        place_T = torch.from_numpy(rows).to(self._device)
        return self._rows[layer][place_T].float() * math.ldexp(1.0, -self.pool.record.exponents[str(layer)])
