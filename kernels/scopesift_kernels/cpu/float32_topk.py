"""Top-k without the `[T, F]` matrix: a running bound over chunks of features, all in float32.

A chunk of weights is converted to float32 once (on CPUs without bf16 arithmetic torch's own bf16 product is
several times slower than its float32 one) and multiplied with tiles of tokens. Only elements of a tile that exceed the
running k-th largest are selected; maxima over blocks of columns show where they are. Every pre-activation is computed
once and compared as computed.
"""

from __future__ import annotations

import torch

from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.problems import Problem
from scopesift_kernels.rank_keys import NONE, key_values, rank_keys


def float32_keys(
    problem: Problem, x_RD: torch.Tensor, tuning: CpuTuning, asked_R: torch.Tensor | None
) -> torch.Tensor:
    """Rank keys of the k largest pre-activations of a slab of tokens.

    Args:
        problem: the checked inputs.
        x_RD: residuals of the slab `[R, D]`, of any dtype.
        tuning: sizes of tiles, chunks and blocks.
        asked_R: float32 `[R]` or None; tokens whose k-th largest is above this are dropped.

    Returns:
        int64 `[R, k]`, in any order, see `rank_keys`; `NONE` for dropped tokens.
    """
    all_keys_RK = torch.full((x_RD.shape[0], problem.k), NONE, dtype=torch.int64)
    x_RD, keys_RK, kept_R = x_RD.float(), all_keys_RK.clone(), torch.arange(x_RD.shape[0])
    chunk = min(tuning.chunk if asked_R is None else tuning.refuted_chunk, problem.n_features)
    tile = min(tuning.tile, x_RD.shape[0])
    # A new allocation of this size costs a page fault every 4 KiB: one buffer is reused.
    W_CD, pre_RC = torch.empty(chunk, x_RD.shape[1]), torch.empty(tile, chunk)
    for start in range(0, problem.n_features, chunk):
        stored_CD = problem.W_enc_FD[start : start + chunk]
        width = stored_CD.shape[0]
        if stored_CD.dtype != torch.float32:
            stored_CD = W_CD[:width].copy_(stored_CD)
        for row in range(0, x_RD.shape[0], tile):
            rows_RD = x_RD[row : row + tile]
            into_RC = pre_RC.view(-1)[: rows_RD.shape[0] * width].view(-1, width)
            torch.mm(rows_RD, stored_CD.T, out=into_RC).add_(problem.b_enc_F[start : start + width])
            keys_RK[row : row + tile] = _merge(keys_RK[row : row + tile], into_RC, start, tuning)
        if asked_R is not None:
            open_R = ~(key_values(keys_RK.amin(dim=1)) > asked_R[kept_R])
            n_closed = open_R.numel() - int(open_R.sum())
            if n_closed * tuning.refuted_share > open_R.numel() or start + chunk >= problem.n_features:
                x_RD, keys_RK, kept_R = x_RD[open_R], keys_RK[open_R], kept_R[open_R]
    all_keys_RK[kept_R] = keys_RK
    return all_keys_RK


def _merge(keys_RK: torch.Tensor, pre_RC: torch.Tensor, start: int, tuning: CpuTuning) -> torch.Tensor:
    """The running top-k after a tile of pre-activations of the features from `start` on."""
    k, block = keys_RK.shape[1], block_width(pre_RC.shape[1], keys_RK.shape[1], tuning.block)
    bound_R, reaches = key_values(keys_RK.amin(dim=1)), torch.gt
    if pre_RC.shape[1] % block:
        pre_RC = torch.nn.functional.pad(pre_RC, (0, -pre_RC.shape[1] % block), value=float("-inf"))
    # A block is every G-th column: maxima over adjacent columns don't vectorise.
    blocks_RBG = pre_RC.unflatten(1, (block, -1))
    maxima_RG = blocks_RBG.amax(dim=1)
    if start == 0 and maxima_RG.shape[1] >= k:
        # k blocks hold an element as large as the k-th largest maximum: no smaller element can be in the
        # top-k, but elements equal to it can. Later features lose ties against earlier ones, so later only strictly
        # larger elements can enter.
        bound_R, reaches = maxima_RG.topk(k, dim=1, sorted=False).values.amin(dim=1), torch.ge
    row_H, block_H = reaches(maxima_RG, bound_R[:, None]).nonzero(as_tuple=True)
    if row_H.numel() * block > tuning.elements_at_once and keys_RK.shape[0] > 1:
        # constant or rising rows: all candidates at once would take many times the tile's memory
        half = keys_RK.shape[0] // 2
        rows = (slice(None, half), slice(half, None))
        return torch.cat([_merge(keys_RK[part], pre_RC[part], start, tuning) for part in rows])
    hot_HB = blocks_RBG[row_H, :, block_H]
    hit_P, lane_P = reaches(hot_HB, bound_R[row_H, None]).nonzero(as_tuple=True)
    if not hit_P.numel():
        return keys_RK
    row_P = row_H[hit_P]
    new_P = rank_keys(hot_HB[hit_P, lane_P], start + lane_P * maxima_RG.shape[1] + block_H[hit_P])
    # Rows have different numbers of candidates: pad all rows to the longest.
    count_R = torch.bincount(row_P, minlength=keys_RK.shape[0])
    place_P = torch.arange(row_P.numel()) - (count_R.cumsum(0) - count_R)[row_P]
    new_RM = torch.full((keys_RK.shape[0], int(count_R.max())), NONE, dtype=torch.int64)
    new_RM[row_P, place_P] = new_P
    return torch.cat((keys_RK, new_RM), dim=1).topk(k, dim=1, sorted=False).values


def block_width(width: int, k: int, block: int) -> int:
    """Columns per maximum; smaller if a chunk would have fewer than k maxima, which give no bound."""
    while block > 1 and width // block < k:
        block //= 2
    return block
