"""Activations of a few features per token, for explanations and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from scopesift_features.reading.extract import stream_residuals
from scopesift_features.reading.selected_features import SelectedFeature, by_layer
from scopesift_features.reading.torch_reader import kernel_arguments
from scopesift_features.reading.windows import make_windows
from scopesift_features.scope import Scope


@dataclass(frozen=True, eq=False)
class TokenReading:
    """Activations of S features on the T pieces of one text.

    Attributes:
        starts_T: Start of each piece in characters, int64, increasing; pieces do not overlap.
        ends_T: End of each piece, exclusive.
        acts_TS: Activations, float32; 0 where the feature is not in the token's top-k. Tokens that share
            a character or occur in two windows are merged to one piece with the largest activation.
    """

    starts_T: NDArray[np.int64]
    ends_T: NDArray[np.int64]
    acts_TS: NDArray[np.float32]


def read_tokens(
    scope: Scope, texts: Sequence[str], features: Sequence[SelectedFeature]
) -> list[TokenReading]:
    """Read the given features per token; the maximum over a text's pieces is the result of `read_selected`.

    Args:
        scope: The backbone and its SAEs.
        texts: N strings.
        features: S features; 0 on tokens above their norm bounds.

    Returns:
        N readings; without pieces for a text without tokens.

    Raises:
        ScopeError: A layer that the scope does not have.
    """
    chosen = by_layer(features)
    layers = sorted({own.layer for own in chosen})
    found: list[list[tuple[int, int, NDArray[np.float32]]]] = [[] for _ in texts]
    windows = make_windows(scope, texts) if features else []
    for batch in stream_residuals(scope, windows, layers) if windows else ():
        acts_TS = np.zeros((len(batch.window_T), len(features)), dtype=np.float32)
        for own in chosen:
            tokens = batch.at(own.layer, own.norm_bound)
            x_TD = tokens.x_TD
            each_T = torch.arange(len(x_TD), device=x_TD.device)  # every token is its own document
            found_here = scope.sae(own.layer).encode_selected(x_TD, *kernel_arguments(own), each_T, len(x_TD))
            maxima = found_here.maxima_NS
            acts_TS[np.ix_(tokens.index_T.numpy(), own.columns_S)] = maxima.cpu().numpy()
        for at, (row, position) in enumerate(
            zip(batch.window_T.tolist(), batch.position_T.tolist(), strict=True)
        ):
            window = batch.windows[row]
            start, end = int(window.starts[position]), int(window.ends[position])
            found[window.document].append((start, end, acts_TS[at]))
    return [_joined(pieces, len(features)) for pieces in found]


def _joined(pieces: list[tuple[int, int, NDArray[np.float32]]], n_features: int) -> TokenReading:
    """Pieces in text order, overlapping ones merged."""
    starts: list[int] = []
    ends: list[int] = []
    rows: list[NDArray[np.float32]] = []
    for start, end, acts_S in sorted(pieces, key=lambda piece: piece[:2]):
        if starts and start < ends[-1]:
            ends[-1] = max(ends[-1], end)
            rows[-1] = np.maximum(rows[-1], acts_S)
        else:
            starts.append(start)
            ends.append(end)
            rows.append(acts_S)
    return TokenReading(
        np.array(starts, dtype=np.int64),
        np.array(ends, dtype=np.int64),
        np.array(rows, dtype=np.float32).reshape(len(rows), n_features),
    )
