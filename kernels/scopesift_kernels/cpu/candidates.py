"""Candidates for the top-k from bfloat16 products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from scopesift_kernels.cpu.float32_topk import block_width
from scopesift_kernels.cpu.rounding import bfloat16_error, candidate_bound, float32_error
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


class Screen:
    """Bfloat16 products of tiles of tokens with all features.

    Weights are the left operand: oneDNN arranges the right one anew for every product, and residuals are smaller.
    """

    def __init__(self, problem: Problem, n_tokens: int, tuning: CpuTuning) -> None:
        self.problem, self.tuning = problem, tuning
        self.converted = problem.W_enc_FD.dtype != torch.bfloat16
        at_once = tuning.converted_elements if self.converted else tuning.screened_elements
        tile = tuning.most_tile
        while tile > tuning.least_tile and tile * problem.n_features > at_once:
            tile //= 2
        self.tile = max(1, min(tile, n_tokens))
        self.block = block_width(problem.n_features, 2 * problem.k, tuning.block)
        self.chunk = min(tuning.screened_chunk, problem.n_features)
        self.most = max(4 * problem.k, problem.n_features // tuning.candidate_share)
        missing = -problem.n_features % self.block
        self.b_F = torch.nn.functional.pad(problem.b_enc_F, (0, missing))
        self.product = torch.empty(self.b_F.numel() * self.tile, dtype=torch.bfloat16)
        self.pre = torch.empty(min(tuning.maxima_at_once, self.b_F.numel()) * self.tile)
        if self.converted:
            self.W_CD = torch.empty(self.chunk, problem.W_enc_FD.shape[1], dtype=torch.bfloat16)

    def candidates(
        self, x_RD: torch.Tensor, x_norm_R: torch.Tensor
    ) -> tuple[Candidates, torch.Tensor] | None:
        """All features that may be in the top-k of their token.

        Args:
            x_RD: residuals of a slab `[R, D]`, of any dtype.
            x_norm_R: their norms, float32.

        Returns:
            The candidates by feature, and tokens without any because they have too many (bool `[R]`); None if most
            tokens have too many.
        """
        error_R = bfloat16_error(self.problem, x_RD, x_norm_R) + float32_error(self.problem, x_norm_R)
        dense_R = torch.zeros(x_RD.shape[0], dtype=torch.bool)
        found = []
        for start in range(0, x_RD.shape[0], self.tile):
            rows = slice(start, start + self.tile)
            product_FR, maxima_GR = self._product(x_RD[rows].bfloat16())
            bound_R = candidate_bound(self._kth(maxima_GR), error_R[rows], self.problem.b_largest)
            block_H, row_H = (maxima_GR >= bound_R).nonzero(as_tuple=True)
            too_many_R = torch.bincount(row_H, minlength=len(bound_R)) > self.most
            if bool(too_many_R.any()):
                keep_H = ~too_many_R[row_H]
                block_H, row_H = block_H[keep_H], row_H[keep_H]
                dense_R[rows] |= too_many_R
                if 2 * int(dense_R[rows].sum()) > len(bound_R):
                    return None
            for features_P, rows_P in self._read(product_FR, bound_R, block_H, row_H):
                found.append((features_P, rows_P + start))
        features_P, tokens_P = map(torch.cat, zip(*found, strict=True))
        features_P, order_P = features_P.sort()
        return Candidates(features_P, tokens_P[order_P]), dense_R

    def _product(self, x_RD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Products rounded to bfloat16, `[F, R]`, and float32 maxima of pre-activations over blocks, `[G, R]`.

        F is filled up to whole blocks with minus infinity.
        """
        n_features, n_padded = self.problem.n_features, self.b_F.numel()
        product_FR = self.product[: n_padded * x_RD.shape[0]].view(n_padded, -1)
        product_FR[n_features:] = float("-inf")
        for start in range(0, n_features, self.chunk):
            W_CD = self.problem.W_enc_FD[start : start + self.chunk]
            if self.converted:
                W_CD = self.W_CD[: W_CD.shape[0]].copy_(W_CD)
            torch.mm(W_CD, x_RD.T, out=product_FR[start : start + W_CD.shape[0]])
        maxima = []
        at_once = self.tuning.maxima_at_once
        for product_CR, b_C in zip(product_FR.split(at_once), self.b_F.split(at_once), strict=True):
            pre_CR = self.pre[: product_CR.numel()].view_as(product_CR).copy_(product_CR).add_(b_C[:, None])
            maxima.append(pre_CR.unflatten(0, (-1, self.block)).amax(dim=1))
        return product_FR, torch.cat(maxima)

    def _kth(self, maxima_GR: torch.Tensor) -> torch.Tensor:
        """A lower bound of the k-th largest: as many groups of blocks have a maximum that large."""
        together = max(1, maxima_GR.shape[0] // (self.tuning.groups_per_feature * self.problem.k))
        whole = maxima_GR.shape[0] // together * together
        groups_GR = maxima_GR[:whole].unflatten(0, (-1, together)).amax(dim=1)
        groups_RG = torch.cat((groups_GR, maxima_GR[whole:])).T.contiguous()
        return groups_RG.topk(self.problem.k, dim=1, sorted=False).values.amin(dim=1)

    def _read(
        self, product_FR: torch.Tensor, bound_R: torch.Tensor, block_H: torch.Tensor, row_H: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The elements of hot blocks that reach their token's bound: features and rows of the tile."""
        product_GBR = product_FR.unflatten(0, (-1, self.block))
        b_GB = self.b_F.view(-1, self.block)
        at_once = max(1, self.tuning.elements_at_once // self.block)
        for blocks_H, rows_H in zip(block_H.split(at_once), row_H.split(at_once), strict=True):
            pre_HB = product_GBR[blocks_H, :, rows_H].float().add_(b_GB[blocks_H])
            hit_P, place_P = (pre_HB >= bound_R[rows_H, None]).nonzero(as_tuple=True)
            yield blocks_H[hit_P] * self.block + place_P, rows_H[hit_P]
