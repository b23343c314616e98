"""The tokens of each training step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class TokenOrder:
    """Every row of the pool once per epoch, in an order given by seed and epoch.

    Attributes:
        batch: Rows per step; an incomplete last batch of an epoch is dropped.
    """

    def __init__(self, rows: int, batch: int, seed: int) -> None:
        self.rows, self.batch, self.seed = rows, batch, seed
        self._epoch, self._shuffled = -1, np.zeros(0, np.int64)

    def rows_of(self, step: int) -> NDArray[np.int64]:
        """Row indices `[batch]` of a step, ascending."""
        epoch, index = divmod(step, self.rows // self.batch)
        if epoch != self._epoch:
            rng = np.random.default_rng([self.seed, epoch])
            self._epoch, self._shuffled = epoch, rng.permutation(self.rows)
        return np.sort(self._shuffled[index * self.batch : (index + 1) * self.batch])
