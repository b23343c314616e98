"""Which features of a scope are read, sorted out by layer for the encoders."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, order=True)
class SelectedFeature:
    """A feature that is read.

    Attributes:
        layer: the layer of its SAE.
        index: its row in that SAE's encoder.
        norm_bound: tokens whose residual has a larger norm there are not read; see `extreme_tokens`.
        floor: activations up to this count as none: nobody who reads it tells them apart.
    """

    layer: int
    index: int
    norm_bound: float = math.inf
    floor: float = 0.0


@dataclass(frozen=True, eq=False)
class LayerFeatures:
    """The S selected features of one layer that are read from the same tokens.

    Attributes:
        layer: the layer.
        norm_bound: which tokens are read.
        columns_S: their places among all selected features, int64.
        indices_S: their rows in the layer's encoder, int64, on the CPU.
        floors_S: their floors, float32, on the CPU.
    """

    layer: int
    norm_bound: float
    columns_S: NDArray[np.int64]
    indices_S: Tensor
    floors_S: Tensor


def by_layer(features: Iterable[SelectedFeature]) -> tuple[LayerFeatures, ...]:
    """Selected features by layer and norm bound, shallow layers first."""
    return _by_layer(tuple(features))


# the kernels look at indices and floors once a tensor: who asks for the same features again gets the same tensors
@lru_cache(maxsize=16)
def _by_layer(features: tuple[SelectedFeature, ...]) -> tuple[LayerFeatures, ...]:
    # and remember ordinary tensors only
    with torch.inference_mode(False):
        each = sorted({(feature.layer, feature.norm_bound) for feature in features})
        return tuple(_of_layer(features, layer, norm_bound) for layer, norm_bound in each)


def _of_layer(features: tuple[SelectedFeature, ...], layer: int, norm_bound: float) -> LayerFeatures:
    columns = [
        column
        for column, feature in enumerate(features)
        if (feature.layer, feature.norm_bound) == (layer, norm_bound)
    ]
    return LayerFeatures(
        layer,
        norm_bound,
        np.array(columns, dtype=np.int64),
        torch.tensor([features[column].index for column in columns]),
        torch.tensor([features[column].floor for column in columns], dtype=torch.float32),
    )
