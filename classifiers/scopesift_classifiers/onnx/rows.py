"""Inputs of an exported graph: rows of tokens, and the document of each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_features.reading.batching.batches import CPU_BATCH_TOKENS
from scopesift_features.reading.batching.windows import Window, make_windows
from scopesift_features.reading.extreme_tokens import is_extreme
from scopesift_features.scope import Scope


@dataclass(frozen=True, eq=False)
class Rows:
    """The windows of N texts, padded on the right.

    Attributes:
        ids_BT: Token ids, int64, prefix included.
        mask_BT: 1 on tokens, 0 on padding, int64.
        keep_BT: 1 on tokens that count: not padding, prefix, suffix or skipped, int64.
        document_B: The text of each row, int64, ascending from 0; a text without tokens has a row of padding.
        windows: The window of each row; None for a text without tokens.
    """

    ids_BT: NDArray[np.int64]
    mask_BT: NDArray[np.int64]
    keep_BT: NDArray[np.int64]
    document_B: NDArray[np.int64]
    windows: list[Window | None]

    def residuals(self, scope: Scope, layers: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Residual `[B, T, D]` of each layer, from the scope's own backbone."""
        if not self.mask_BT.any():
            empty = np.zeros((*self.ids_BT.shape, scope.d_model), np.float32)
            return dict.fromkeys(layers, empty)
        found = scope.backbone(max(layers)).residuals(
            torch.from_numpy(self.ids_BT), torch.from_numpy(self.mask_BT), layers
        )
        return {layer: x_BTD.float().cpu().numpy() for layer, x_BTD in found.items()}

    def counted(self, x_BTD: NDArray[np.float32], norm_bound: float) -> NDArray[np.bool_]:
        """Tokens that count after a layer, bool `[B, T]`; see `extreme_tokens`."""
        keep_BT = self.keep_BT > 0
        row_T = torch.from_numpy(keep_BT.nonzero()[0])
        extreme_T = is_extreme(torch.from_numpy(x_BTD[keep_BT]), row_T, len(keep_BT), norm_bound)
        keep_BT[keep_BT] = ~extreme_T.numpy()
        return keep_BT

    def feeds(self, residuals: dict[int, NDArray[np.float32]] | None) -> dict[str, NDArray[np.generic]]:
        """Inputs of a graph: of a head if there are residuals, of a graph with backbone otherwise."""
        if residuals is None:
            return {"ids": self.ids_BT, "mask": self.mask_BT, "document": self.document_B}
        inputs: dict[str, NDArray[np.generic]] = {
            f"residual_{layer}": x_BTD for layer, x_BTD in residuals.items()
        }
        return {**inputs, "mask": self.keep_BT, "document": self.document_B}


def make_rows(scope: Scope, texts: Sequence[str]) -> Rows:
    """Tokenise, split into windows, and pad.

    Raises:
        InputError: a text that is not a string.
    """
    windows = make_windows(scope, texts)
    first_of: dict[int, list[Window]] = {}
    for window in windows:
        first_of.setdefault(window.document, []).append(window)
    rows: list[tuple[int, Window | None]] = []
    for document in range(len(texts)):
        own: list[Window | None] = [*first_of.get(document, [])]
        rows.extend((document, window) for window in own or [None])
    width = max((len(window.ids) for window in windows), default=0)
    ids_BT, mask_BT, keep_BT = (np.zeros((len(rows), width), np.int64) for _ in range(3))
    for at, (_, row) in enumerate(rows):
        if row is not None:
            ids_BT[at, : len(row.ids)] = row.ids
            mask_BT[at, : len(row.ids)] = 1
            keep_BT[at, : len(row.ids)] = row.keep
    document_B = np.array([document for document, _ in rows], dtype=np.int64)
    return Rows(ids_BT, mask_BT, keep_BT, document_B, [row for _, row in rows])


def row_batches(
    scope: Scope, texts: Sequence[str], max_tokens: int = CPU_BATCH_TOKENS
) -> Iterator[tuple[NDArray[np.int64], Rows]]:
    """Batches of texts of similar length.

    Args:
        scope: Its tokenizer and settings.
        texts: Any strings.
        max_tokens: Approximate number of tokens of a batch; a text is not split over batches.

    Yields:
        The indices of the batch's texts, and their rows.
    """
    order = np.argsort([len(text) for text in texts], kind="stable")
    lengths = np.array(
        [len(text.encode("utf-8", "surrogatepass")) // 3 + 2 for text in texts], dtype=np.int64
    )
    cuts = np.flatnonzero(np.diff(np.cumsum(lengths[order]) // max_tokens)) + 1
    for begin, end in pairwise([0, *cuts.tolist(), len(texts)]):
        part = order[begin:end]
        if len(part):
            yield part, make_rows(scope, [texts[int(at)] for at in part])
