"""Residuals of a few texts in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_features.reader import Reader
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.extract import stream_residuals
from torch import Tensor


def text_residuals(reader: Reader, texts: Sequence[str], layers: Sequence[int]) -> dict[int, Tensor]:
    """The residuals of all kept tokens.

    Returns:
        layer -> fp32 `[T, D]` on the CPU, in the order of the batches.
    """
    found: dict[int, list[Tensor]] = {layer: [] for layer in layers}
    for batch in stream_residuals(reader, make_windows(reader, texts, offsets=False), layers):
        for layer, x_TD in batch.resid_TD.items():
            found[layer].append(x_TD.float().cpu())
    return {layer: torch.cat(parts) for layer, parts in found.items()}


def text_mean_residuals(
    reader: Reader, texts: Sequence[str], layers: Sequence[int]
) -> dict[int, NDArray[np.float32]]:
    """Mean residual over a text's kept tokens in all windows.

    Args:
        reader: The backbone.
        texts: N texts.
        layers: Layers to read, in one pass.

    Returns:
        layer -> `[N, D]`; zeros for a text without kept tokens.
    """
    sums = {layer: np.zeros((len(texts), reader.d_model), np.float64) for layer in layers}
    counts = np.zeros(len(texts), np.int64)
    for batch in stream_residuals(reader, make_windows(reader, texts, offsets=False), layers):
        documents = np.array([window.document for window in batch.windows])[batch.window_T.numpy()]
        np.add.at(counts, documents, 1)
        for layer, x_TD in batch.resid_TD.items():
            np.add.at(sums[layer], documents, x_TD.float().cpu().numpy())
    return {
        layer: (sum_ND / np.maximum(counts, 1)[:, None]).astype(np.float32) for layer, sum_ND in sums.items()
    }
