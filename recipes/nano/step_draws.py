"""Training batches, drawn ahead by other processes where steps are short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from recipes.nano.mixture import Mixture, Sampler
from recipes.nano.training_settings import ModelTrainingSettings

_APART = 1_000_003  # between the seeds of two processes


class StepDraws(NamedTuple):
    """The texts of one optimizer step.

    Attributes:
        packed: int64 `[sequences, length]` for each forward pass.
        pair_ids: int64 `[2 * pairs, T]`, see `Sampler.pairs`.
        pair_keep: bool, the same shape.
    """

    packed: list[Tensor]
    pair_ids: Tensor
    pair_keep: Tensor


def drawn_ahead(
    mixture: Mixture, settings: ModelTrainingSettings, length: int, seed: int, progress: Tensor
) -> Iterator[StepDraws]:
    """Yield draws forever.

    Args:
        mixture: The tokenised pools.
        settings: Sizes, and the number of sampling processes.
        length: Tokens of a sequence.
        seed: Draws depend on the seed, the progress and the number of processes.
        progress: Share of the training done, a number in shared memory.
    """
    draws = _Draws(mixture, settings, length, seed, progress)
    return iter(
        DataLoader(draws, batch_size=None, num_workers=settings.drawing, pin_memory=torch.cuda.is_available())
    )


class _Draws(IterableDataset[StepDraws]):
    def __init__(
        self, mixture: Mixture, settings: ModelTrainingSettings, length: int, seed: int, progress: Tensor
    ) -> None:
        self.mixture, self.settings = mixture, settings
        self.length, self.seed, self.progress = length, seed, progress

    def __iter__(self) -> Iterator[StepDraws]:
        worker = get_worker_info()
        sampler = Sampler(self.mixture, self.seed + _APART * (0 if worker is None else worker.id))
        while True:
            packed = [
                torch.from_numpy(sampler.packed(self.settings.sequences, self.length, float(self.progress)))
                for _ in range(self.settings.accumulate)
            ]
            pair_ids, pair_keep = (torch.from_numpy(array) for array in sampler.pairs(self.settings.pairs))
            yield StepDraws(packed, pair_ids, pair_keep)
