"""What a few features say of texts: their largest activation in each, and where it was reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_features.extract import ResidualBatch, stream_residuals
from scopesift_features.scope import Scope
from scopesift_features.windows import Window, make_windows
from scopesift_kernels import SelectedMaxima, encode_selected

CHUNK_TEXTS = 2048
# scope, layer, rows of its encoder (int64), batch -> the windows' maxima and their tokens, as `encode_selected` does
EncodeWindows = Callable[[Scope, int, torch.Tensor, ResidualBatch], SelectedMaxima]


@dataclass(frozen=True, eq=False)
class LayerFeatures:
    """The selected features of one layer.

    Attributes:
        columns_S: Their places among all selected features, int64.
        rows_S: Their rows in the layer's encoder, int64.
    """

    columns_S: NDArray[np.int64]
    rows_S: torch.Tensor


@lru_cache(maxsize=16)
def by_layer(features: tuple[tuple[int, int], ...]) -> dict[int, LayerFeatures]:
    """Pairs (layer, index) sorted out by layer, shallow layers first; kept, since engines ask for the same again."""
    found = {}
    for layer in sorted({layer for layer, _ in features}):
        columns = [column for column, (own, _) in enumerate(features) if own == layer]
        rows = [features[column][1] for column in columns]
        found[layer] = LayerFeatures(np.array(columns, dtype=np.int64), torch.tensor(rows))
    return found


@dataclass(frozen=True, eq=False)
class SelectedReading:
    """Activations of S features in N texts.

    Attributes:
        acts_NS: Largest activation over the text's tokens, float32; 0 where the feature is never in the top-k.
        starts_NS: Character offset of the token that reached it, int64; -1 where there is none.
        ends_NS: End of that token, exclusive; -1 where there is none.
    """

    acts_NS: NDArray[np.float32]
    starts_NS: NDArray[np.int64]
    ends_NS: NDArray[np.int64]


def read_selected(
    scope: Scope,
    texts: Sequence[str],
    features: Sequence[tuple[int, int]],
    *,
    max_tokens: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    encode: EncodeWindows | None = None,
) -> SelectedReading:
    """Read only the given features, in one backbone pass that ends at the deepest of their layers.

    Args:
        scope: The backbone and its SAEs.
        texts: N strings; long ones are windowed, the maximum counts.
        features: S pairs (layer, index).
        max_tokens: Most tokens of a batch; None: by device. It changes speed, and answers by no more than rounding.
        on_progress: Called with (texts done, N).
        encode: Another back end for the encode; None: the kernels'.

    Returns:
        The reading; of equal activations the earliest token is named.

    Raises:
        ScopeError: A layer that the scope does not have.
    """
    shape = (len(texts), len(features))
    reading = SelectedReading(
        np.zeros(shape, np.float32), np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    )
    layers = by_layer(tuple(features))
    if not layers:
        return reading
    for begin in range(0, len(texts), CHUNK_TEXTS):
        chunk = texts[begin : begin + CHUNK_TEXTS]
        windows = make_windows(scope, chunk, first_document=begin)
        done = 0
        for batch in stream_residuals(scope, windows, list(layers), max_tokens=max_tokens):
            for layer, chosen in layers.items():
                found = (encode or encode_windows)(scope, layer, chosen.rows_S, batch)
                _take_in(reading, batch, chosen.columns_S, found)
            done += len(batch.windows)
            if on_progress is not None:
                on_progress(begin + len(chunk) * done // max(len(windows), 1), len(texts))
        if on_progress is not None:
            on_progress(begin + len(chunk), len(texts))
    return reading


def encode_windows(scope: Scope, layer: int, rows_S: torch.Tensor, batch: ResidualBatch) -> SelectedMaxima:
    """The kernels' maxima of some features over the windows of a batch."""
    sae = scope.sae(layer)
    x_TD = sae.rounded(batch.resid_TD[layer])
    return encode_selected(
        x_TD,
        sae.W_enc_FD,
        sae.b_enc_F,
        sae.k,
        rows_S,  # and floors are looked at where they are: a GPU would be waited for
        batch.window_T.to(x_TD.device),
        torch.zeros(len(rows_S)),
        n_documents=len(batch.windows),
    )


def _take_in(
    reading: SelectedReading, batch: ResidualBatch, columns_S: NDArray[np.int64], found: SelectedMaxima
) -> None:
    maxima_WS = found.maxima_NS.cpu().numpy()
    tokens_WS = found.tokens_NS.cpu().numpy()
    position_T = batch.position_T.numpy()
    for row, window in enumerate(batch.windows):
        _merge(reading, window, columns_S, maxima_WS[row], tokens_WS[row], position_T)


def _merge(
    reading: SelectedReading,
    window: Window,
    columns_S: NDArray[np.int64],
    maxima_S: NDArray[np.float32],
    tokens_S: NDArray[np.int64],
    position_T: NDArray[np.int64],
) -> None:
    """Keep the larger of what was known of the window's text and what the window says; ties to the earlier token."""
    fired = np.flatnonzero(tokens_S >= 0)
    if not len(fired):
        return
    at = columns_S[fired]
    positions = position_T[tokens_S[fired]]
    starts, ends = window.starts[positions], window.ends[positions]
    known = reading.acts_NS[window.document, at]
    earlier = (maxima_S[fired] == known) & (starts < reading.starts_NS[window.document, at])
    better = (maxima_S[fired] > known) | earlier
    reading.acts_NS[window.document, at[better]] = maxima_S[fired][better]
    reading.starts_NS[window.document, at[better]] = starts[better]
    reading.ends_NS[window.document, at[better]] = ends[better]
