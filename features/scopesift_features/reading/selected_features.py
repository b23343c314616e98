"""Which features of a scope are read, sorted out by layer for the encoders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class SelectedFeature:
    """A feature that is read.

    Attributes:
        layer: the layer of its SAE.
        index: its row in that SAE's encoder.
        floor: activations up to this count as none: nobody who reads it tells them apart.
    """

    layer: int
    index: int
    floor: float = 0.0


@dataclass(frozen=True, eq=False)
class LayerFeatures:
    """The S selected features of one layer.

    Attributes:
        layer: the layer.
        columns_S: their places among all selected features, int64.
        indices_S: their rows in the layer's encoder, int64, on the CPU.
        floors_S: their floors, float32, on the CPU.
    """

    layer: int
    columns_S: NDArray[np.int64]
    indices_S: Tensor
    floors_S: Tensor


def by_layer(features: Iterable[SelectedFeature]) -> tuple[LayerFeatures, ...]:
    """Selected features by layer, shallow layers first."""
    return _by_layer(tuple(features))


# the kernels look at indices and floors once a tensor: who asks for the same features again gets the same tensors
@lru_cache(maxsize=16)
def _by_layer(features: tuple[SelectedFeature, ...]) -> tuple[LayerFeatures, ...]:
    # and remember ordinary tensors only
    with torch.inference_mode(False):
        return tuple(_of_layer(features, layer) for layer in sorted({feature.layer for feature in features}))


def _of_layer(features: tuple[SelectedFeature, ...], layer: int) -> LayerFeatures:
    columns = [column for column, feature in enumerate(features) if feature.layer == layer]
    return LayerFeatures(
        layer,
        np.array(columns, dtype=np.int64),
        torch.tensor([features[column].index for column in columns]),
        torch.tensor([features[column].floor for column in columns], dtype=torch.float32),
    )
