"""Activations of a few features per token, for explanations and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_features.reading.batching.batches import default_batch_tokens, make_batches
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.selected_reader import SelectedReader


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


def read_tokens(reader: SelectedReader, texts: Sequence[str]) -> list[TokenReading]:
    """Read the reader's features per token; the maximum over a text's pieces is what the reader itself returns.

    Args:
        reader: the features; activations up to their floors, and on tokens above their norm bounds, are 0.
        texts: N strings.

    Returns:
        N readings; without pieces for a text without tokens.

    Raises:
        ScopeError: A layer that the scope does not have.
    """
    found: list[list[tuple[int, int, NDArray[np.float32]]]] = [[] for _ in texts]
    windows = make_windows(reader.scope, texts) if reader.layers else []
    for batch in make_batches(windows, default_batch_tokens(reader.scope.device)):
        acts_TS = reader.token_acts(batch)
        for acts_S, row, position in zip(acts_TS, *batch.keep_BT.nonzero(), strict=True):
            window = batch.windows[row]
            piece = int(window.starts[position]), int(window.ends[position]), acts_S
            found[window.document].append(piece)
    return [_joined(pieces, reader.n_features) for pieces in found]


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
