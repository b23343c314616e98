"""Controls of a steering: the same changes along other directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from scopesift_features.generating.hooks import LayerChange
from torch import Tensor


def flipped(changes: Sequence[LayerChange]) -> list[LayerChange]:
    """The changes with their signs flipped."""
    return [replace(change, directions_SD=-change.directions_SD) for change in changes]


def along_random_features(changes: Sequence[LayerChange], seed: int) -> list[LayerChange]:
    """The changes along decoder columns of random other features, each scaled to the norm of the one that it replaces.

    Args:
        changes: of SAEs with their decoders.
        seed: of the draw.
    """
    generator = torch.Generator().manual_seed(seed)
    return [replace(change, directions_SD=_random(change, generator)) for change in changes]


def _random(change: LayerChange, generator: torch.Generator) -> Tensor:
    own = set(change.indices_S.tolist())
    drawn = [
        index for index in torch.randperm(change.sae.d_sae, generator=generator).tolist() if index not in own
    ]
    columns = torch.tensor((drawn or list(own))[: len(own)], device=change.directions_SD.device)
    columns = columns.repeat(-(-len(own) // len(columns)))[: len(own)]
    W_dec_DF = change.sae.W_dec_DF
    if W_dec_DF is None:  # checked by `LayerChange.of`
        raise ValueError("the SAE has no decoder")
    other_SD = W_dec_DF[:, columns].T.float()
    norm_S1 = torch.linalg.vector_norm(change.directions_SD, dim=1, keepdim=True)
    return other_SD / torch.linalg.vector_norm(other_SD, dim=1, keepdim=True).clamp(min=1e-12) * norm_S1
