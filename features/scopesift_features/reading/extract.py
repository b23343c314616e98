"""Residuals of windows, batch by batch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_files.errors import UsageError
from torch import Tensor

from scopesift_features.reading.batching.batches import Batch, default_batch_tokens, make_batches
from scopesift_features.reading.batching.windows import Window
from scopesift_features.reading.extreme_tokens import is_extreme

if TYPE_CHECKING:
    from scopesift_features.reader import Reader


class ResidualSource(Protocol):
    """What runs the cut backbone: `Backbone` in torch, `Int8Residuals` in ONNX Runtime."""

    @property
    def deepest(self) -> int:
        """The deepest layer that can be read."""

    def residuals(self, ids_BT: Tensor, mask_BT: Tensor, layers: Sequence[int]) -> dict[int, Tensor]:
        """See `Backbone.residuals`."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerTokens:
    """Tokens of a batch of windows after one layer.

    Attributes:
        x_TD: their residuals `[T, d_model]` in the backbone's dtype, on the reader's `sae_device`.
        windows: the W windows of the batch.
        window_T: index into `windows`, int64, non-decreasing.
        position_T: index of the token inside its window, int64.
        index_T: index of the token among all kept tokens of the batch, int64.
    """

    x_TD: Tensor
    windows: list[Window]
    window_T: Tensor
    position_T: Tensor
    index_T: Tensor

    @property
    def document_T(self) -> Tensor:
        """Document of every token, int64 `[T]`."""
        documents_W = torch.tensor([window.document for window in self.windows], dtype=torch.int64)
        return documents_W[self.window_T]

    def spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Start and end of every token in its text, in characters, int64 `[T]` each."""
        begin_W = np.cumsum([0, *(len(window.ids) for window in self.windows)])
        place_T = begin_W[self.window_T.numpy()] + self.position_T.numpy()
        starts, ends = (
            np.concatenate([getattr(window, name) for window in self.windows]) for name in ("starts", "ends")
        )
        return starts[place_T], ends[place_T]


@dataclass(frozen=True, slots=True, eq=False)
class ResidualBatch:
    """The kept tokens of a batch of windows.

    Attributes:
        resid_TD: layer -> `[T, d_model]` in the backbone's dtype, on the reader's `sae_device`.
        windows: the batch's windows.
        window_T: index into `windows`, int64, non-decreasing.
        position_T: index of the token inside its window, int64.
    """

    resid_TD: dict[int, Tensor]
    windows: list[Window]
    window_T: Tensor
    position_T: Tensor

    def at(self, layer: int, norm_bound: float = math.inf) -> LayerTokens:
        """The tokens after one of the layers.

        Args:
            layer: the layer.
            norm_bound: tokens with a larger residual norm are left out, unless a window has no others.
        """
        x_TD, index_T = self.resid_TD[layer], torch.arange(len(self.window_T))
        if norm_bound < math.inf:
            kept_T = ~is_extreme(x_TD, self.window_T, len(self.windows), norm_bound)
            if not kept_T.all():
                index_T = index_T[kept_T]
                x_TD = x_TD[index_T.to(x_TD.device)]
        return LayerTokens(x_TD, self.windows, self.window_T[index_T], self.position_T[index_T], index_T)


def stream_residuals(
    reader: Reader,
    windows: Sequence[Window],
    layers: Sequence[int],
    *,
    max_tokens: int | None = None,
) -> Iterator[ResidualBatch]:
    """Run the backbone over windows, no further than the deepest layer.

    Args:
        reader: has the backbone.
        windows: from `make_windows`.
        layers: layers to read.
        max_tokens: maximum tokens of a batch, including padding; None: by device.

    Yields:
        Every kept token once, longest windows first.

    Raises:
        UsageError: no layer given.
        ScopeError: a layer that the backbone does not have.
    """
    if not layers:
        raise UsageError("expected at least one layer, got none")
    for batch in make_batches(windows, max_tokens or default_batch_tokens(reader.device)):
        backbone = reader.residual_source(max(layers))
        yield read_batch(backbone, batch, layers, reader.sae_device)


def read_batch(
    backbone: ResidualSource, batch: Batch, layers: Sequence[int], device: torch.device
) -> ResidualBatch:
    """Run the backbone over one batch and keep the tokens that count.

    Args:
        backbone: has all of the layers.
        batch: padded windows.
        layers: layers to read.
        device: device of the returned residuals.
    """
    ids_BT, mask_BT = map(torch.from_numpy, (batch.ids_BT, batch.mask_BT))
    return keep_tokens(backbone.residuals(ids_BT, mask_BT, layers), batch, device)


def keep_tokens(resid_BTD: Mapping[int, Tensor], batch: Batch, device: torch.device) -> ResidualBatch:
    """The tokens that count.

    Args:
        resid_BTD: layer -> residuals of a batch, padded.
        batch: its windows.
        device: device of the returned residuals.
    """
    keep_BT = torch.from_numpy(batch.keep_BT)
    window_T, position_T = keep_BT.nonzero(as_tuple=True)
    return ResidualBatch(
        resid_TD={
            layer: x_BTD[window_T.to(x_BTD.device), position_T.to(x_BTD.device)].to(device)
            for layer, x_BTD in resid_BTD.items()
        },
        windows=batch.windows,
        window_T=window_T,
        position_T=position_T,
    )
