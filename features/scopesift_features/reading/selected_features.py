"""The features to read, grouped by layer for the encoders."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, order=True)
class SelectedFeature:
    """A feature to read.

    Attributes:
        layer: the layer of its SAE.
        index: its row in that SAE's encoder.
        norm_bound: tokens with a larger residual norm are left out; see `extreme_tokens`.
        floor: activations up to this are returned as 0, because no loaded rule distinguishes them from 0.
    """

    layer: int
    index: int
    norm_bound: float = math.inf
    floor: float = 0.0


@dataclass(frozen=True, eq=False)
class LayerFeatures:
    """The S selected features of one layer with the same norm bound.

    Attributes:
        layer: the layer.
        norm_bound: their norm bound.
        columns_S: their indices among all selected features, int64.
        indices_S: their rows in the layer's encoder, int64.
        floors_S: their floors, float32.
    """

    layer: int
    norm_bound: float
    columns_S: NDArray[np.int64]
    indices_S: NDArray[np.int64]
    floors_S: NDArray[np.float32]


def by_layer(features: Iterable[SelectedFeature]) -> tuple[LayerFeatures, ...]:
    """Selected features by layer and norm bound, shallow layers first."""
    return _by_layer(tuple(features))


# readers keep what they derive from a layer's features, so the same features must give the same objects
@lru_cache(maxsize=16)
def _by_layer(features: tuple[SelectedFeature, ...]) -> tuple[LayerFeatures, ...]:
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
        np.array([features[column].index for column in columns], dtype=np.int64),
        np.array([features[column].floor for column in columns], dtype=np.float32),
    )
