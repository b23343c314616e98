"""Candidates for the top-k from bfloat16 products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from scopesift_kernels.cpu.float32_topk import block_width
from scopesift_kernels.cpu.rounding import bfloat16_error, candidate_bound, float32_error, refuting_bound
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.problems import Problem


class Candidates(NamedTuple):
    """P pairs of a feature and a token that may have it in its top-k.

    Attributes:
        features_P: int64.
        tokens_P: rows of the slab, int64.
    """

    features_P: torch.Tensor
    tokens_P: torch.Tensor


class _Part(NamedTuple):
    """The product with a chunk of features.

    Attributes:
        product_CR: rounded to bfloat16; minus infinity where the last block of features is filled up.
        first_block: its first block of features,
        n_blocks: and how many.
        columns_R: the column of each token of the tile.
    """

    product_CR: torch.Tensor
    first_block: int
    n_blocks: int
    columns_R: torch.Tensor


class Screen:
    """Bfloat16 products of tiles of tokens with all features.

    Weights are the left operand: oneDNN arranges the right one anew for every product, and residuals are smaller.
    """

    def __init__(self, problem: Problem, n_tokens: int, tuning: CpuTuning, *, drops: bool) -> None:
        self.problem, self.tuning = problem, tuning
        self.converted = problem.W_enc_FD.dtype != torch.bfloat16
        at_once = tuning.converted_elements if self.converted or drops else tuning.screened_elements
        tile = tuning.most_dropped_tile if drops else tuning.most_tile
        while tile > tuning.least_tile and tile * problem.n_features > at_once:
            tile //= 2
        self.tile = max(1, min(tile, n_tokens))
        self.block = block_width(problem.n_features, 2 * problem.k, tuning.block)
        self.chunk = min(tuning.refuted_chunk if drops else tuning.screened_chunk, problem.n_features)
        self.most = max(4 * problem.k, problem.n_features // tuning.candidate_share)
        missing = -problem.n_features % self.block
        self.b_F = torch.nn.functional.pad(problem.b_enc_F, (0, missing))
        self.product = torch.empty(
            self.b_F.numel() * (self.tile + -self.tile % _COLUMNS), dtype=torch.bfloat16
        )
        self.pre = torch.empty(min(tuning.maxima_at_once, self.b_F.numel()) * self.tile)
        if self.converted:
            self.W_CD = torch.empty(self.chunk, problem.W_enc_FD.shape[1], dtype=torch.bfloat16)

    def candidates(
        self, x_RD: torch.Tensor, x_norm_R: torch.Tensor, asked_R: torch.Tensor | None
    ) -> tuple[Candidates, torch.Tensor] | None:
        """All features that may be in the top-k of their token.

        Args:
            x_RD: residuals of a slab `[R, D]`, of any dtype.
            x_norm_R: their norms, float32.
            asked_R: float32 `[R]` or None; tokens whose top-k lies above this are dropped.

        Returns:
            The candidates by feature, and tokens without any because they have too many (bool `[R]`); None if most
            tokens of a tile have too many.
        """
        b_largest = self.problem.b_largest
        error_R = bfloat16_error(self.problem, x_RD, x_norm_R) + float32_error(self.problem, x_norm_R)
        refuting_R = None if asked_R is None else refuting_bound(asked_R, error_R, b_largest)
        n_tokens = x_RD.shape[0]
        dense_R, counts_R = torch.zeros(n_tokens, dtype=torch.bool), torch.zeros(n_tokens, dtype=torch.int64)
        found = []
        for start in range(0, n_tokens, self.tile):
            rows = slice(start, start + self.tile)
            parts, maxima_GR, kept_R = self._product(
                x_RD[rows].bfloat16(), None if refuting_R is None else refuting_R[rows]
            )
            kept_R = kept_R + start
            bound_R = candidate_bound(self._kth(maxima_GR), error_R[kept_R], b_largest)
            block_H, row_H = (maxima_GR >= bound_R).nonzero(as_tuple=True)
            dense_R[kept_R] = torch.bincount(row_H, minlength=len(bound_R)) > self.most
            block_H, row_H = _without(dense_R[kept_R[row_H]], block_H, row_H)
            # nonzero returned them by block
            ends = torch.searchsorted(
                block_H, torch.tensor([part.first_block + part.n_blocks for part in parts])
            )
            for part, first, end in zip(parts, [0, *ends.tolist()], ends.tolist(), strict=False):
                for features_P, rows_P in self._read(part, bound_R, block_H[first:end], row_H[first:end]):
                    tokens_P = kept_R[rows_P]
                    counts_R += torch.bincount(tokens_P, minlength=n_tokens)
                    dense_R |= counts_R > self.most
                    found.append(_without(dense_R[tokens_P], features_P, tokens_P))
            if 2 * int(dense_R[rows].sum()) > self.tile:
                return None
        features_P, tokens_P = map(torch.cat, zip(*found, strict=True))
        features_P, tokens_P = _without(dense_R[tokens_P], features_P, tokens_P)
        features_P, order_P = features_P.sort()
        return Candidates(features_P, tokens_P[order_P]), dense_R

    def _product(
        self, x_RD: torch.Tensor, refuting_R: torch.Tensor | None
    ) -> tuple[list[_Part], torch.Tensor, torch.Tensor]:
        """The product of a tile, and maxima over blocks of features.

        A token is dropped once k features are above `refuting_R`.

        Returns:
            The product by chunks of features; float32 maxima of pre-activations `[G, R]`; the R tokens that are left.
        """
        n_features, used = self.problem.n_features, 0
        kept_R, parts, maxima = torch.arange(x_RD.shape[0]), [], []
        larger_R = torch.zeros(x_RD.shape[0], dtype=torch.int64)
        x_RD = _whole_columns(x_RD)
        for start in range(0, n_features, self.chunk):
            W_CD, last = self.problem.W_enc_FD[start : start + self.chunk], start + self.chunk >= n_features
            if self.converted:
                W_CD = self.W_CD[: W_CD.shape[0]].copy_(W_CD)
            b_C = self.b_F[start:] if last else self.b_F[start : start + self.chunk]
            size = b_C.numel() * x_RD.shape[0]
            padded_CR = self.product[used : used + size].view(b_C.numel(), -1)
            used += size
            torch.mm(W_CD, x_RD.T, out=padded_CR[: W_CD.shape[0]])
            padded_CR[W_CD.shape[0] :] = float("-inf")
            product_CR = padded_CR[:, : kept_R.numel()]
            maxima_GR = self._maxima(product_CR, b_C)
            parts.append(_Part(product_CR, start // self.block, maxima_GR.shape[0], kept_R))
            maxima.append(maxima_GR)
            if refuting_R is not None:
                larger_R += (maxima_GR > refuting_R).sum(dim=0)
                open_R = larger_R < self.problem.k
                n_closed = open_R.numel() - int(open_R.sum())
                if n_closed * self.tuning.refuted_share > open_R.numel() or last:
                    x_RD, kept_R = _whole_columns(x_RD[: open_R.numel()][open_R]), kept_R[open_R]
                    larger_R, refuting_R = larger_R[open_R], refuting_R[open_R]
        if kept_R.numel() == parts[0].columns_R.numel():
            product_FR = self.product[:used].view(self.b_F.numel(), -1)[:, : kept_R.numel()]
            return [_Part(product_FR, 0, self.b_F.numel() // self.block, kept_R)], torch.cat(maxima), kept_R
        parts = [part._replace(columns_R=torch.searchsorted(part.columns_R, kept_R)) for part in parts]
        maxima = [maxima_GR[:, part.columns_R] for maxima_GR, part in zip(maxima, parts, strict=True)]
        return parts, torch.cat(maxima), kept_R

    def _maxima(self, product_FR: torch.Tensor, b_F: torch.Tensor) -> torch.Tensor:
        """Float32 maxima of pre-activations over blocks of features, `[G, R]`."""
        maxima, at_once = [], self.tuning.maxima_at_once
        for product_CR, b_C in zip(product_FR.split(at_once), b_F.split(at_once), strict=True):
            pre_CR = self.pre[: product_CR.numel()].view_as(product_CR).copy_(product_CR).add_(b_C[:, None])
            maxima.append(pre_CR.unflatten(0, (-1, self.block)).amax(dim=1))
        return torch.cat(maxima)

    def _kth(self, maxima_GR: torch.Tensor) -> torch.Tensor:
        """A lower bound of the k-th largest: as many groups of blocks have a maximum that large."""
        together = max(1, maxima_GR.shape[0] // (self.tuning.groups_per_feature * self.problem.k))
        whole = maxima_GR.shape[0] // together * together
        groups_GR = maxima_GR[:whole].unflatten(0, (-1, together)).amax(dim=1)
        groups_RG = torch.cat((groups_GR, maxima_GR[whole:])).T.contiguous()
        return groups_RG.topk(self.problem.k, dim=1, sorted=False).values.amin(dim=1)

    def _read(
        self, part: _Part, bound_R: torch.Tensor, block_H: torch.Tensor, row_H: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The elements of hot blocks that reach their token's bound: features and rows."""
        product_GBR = part.product_CR.unflatten(0, (-1, self.block))
        b_GB = self.b_F.view(-1, self.block)
        at_once = max(1, self.tuning.elements_at_once // self.block)
        for blocks_H, rows_H in zip(block_H.split(at_once), row_H.split(at_once), strict=True):
            hot_HB = product_GBR[blocks_H - part.first_block, :, part.columns_R[rows_H]]
            pre_HB = hot_HB.float().add_(b_GB[blocks_H])
            hit_P, place_P = (pre_HB >= bound_R[rows_H, None]).nonzero(as_tuple=True)
            yield blocks_H[hit_P] * self.block + place_P, rows_H[hit_P]


def _without(
    drop_P: torch.Tensor, first_P: torch.Tensor, second_P: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    if not bool(drop_P.any()):
        return first_P, second_P
    return first_P[~drop_P], second_P[~drop_P]


def _whole_columns(x_RD: torch.Tensor) -> torch.Tensor:
    """Zeros up to a multiple of 64 tokens: oneDNN's product is slower, by up to three times, with other numbers."""
    missing = -x_RD.shape[0] % _COLUMNS
    return torch.nn.functional.pad(x_RD, (0, 0, 0, missing)) if missing else x_RD


_COLUMNS = 64
