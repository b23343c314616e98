"""Estimated top-k thresholds for exports without the whole encoder, calibrated on real activations.

Whether a feature is in a token's top-k depends on all other features. An export with the selected rows only estimates
the token's k-th largest pre-activation instead, by least squares on the residual, its absolute values and its norm, and
on the pre-activations of the selected rows, mostly over tokens near a threshold. Each feature has to exceed the
estimate by its own constant: the one with the fewest calibration texts on which the feature fires wrongly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_features.sae.topk import TopKSAE

from scopesift_classifiers.artifact.rule import firing
from scopesift_classifiers.onnx.nodes.encode import EncoderRows, StandIn

_NEAR, _FAR_WEIGHT = 0.8, 1e-3
_RIDGE = 1e-3  # of the mean variance: stabilises the fit for correlated dimensions
_AT_ONCE = 4096
_PAST, _SPARE = 1.5, 4
_FAR = 1e30  # a floor that all texts, or none, exceed, if that is best in the calibration


class Tokens(NamedTuple):
    """Residuals of one layer.

    Attributes:
        x_TD: Float32.
        document_T: The text of each token, int64, non-decreasing.
    """

    x_TD: NDArray[np.float32]
    document_T: NDArray[np.int64]


def selected_rows(
    sae: TopKSAE, indices: Sequence[int], thresholds_S: NDArray[np.float32], tokens: Tokens, stored: str
) -> EncoderRows:
    """The rows of some features, with an estimate for top-k membership.

    Args:
        sae: The whole SAE.
        indices: S features.
        thresholds_S: The lowest threshold of each feature in the classifier's decisions.
        tokens: Real residuals.
        stored: Precision of stored weights, "fp32" or "fp16".

    Raises:
        ValueError: there are no tokens.
    """
    if not len(tokens.x_TD):
        raise ValueError("a stand-in for top-k membership needs at least one token's residual")
    W_SD = sae.W_enc_FD[list(indices)].float().cpu()
    b_S = sae.b_enc_F[list(indices)].float().cpu()
    x_TD = sae.rounded(torch.from_numpy(tokens.x_TD))
    kth_T, member_TS = _membership(sae, x_TD, torch.tensor(list(indices)))
    pre_TS = (x_TD.float() @ W_SD.T + b_S).numpy()
    # tokens that are not near a threshold don't matter for the estimate
    near_T = firing(pre_TS, _NEAR * thresholds_S).any(axis=1)
    rounded_TD = x_TD.float().numpy()
    # a selection of a share of all features has about that share of the k largest; use some more
    seen = min(len(indices), math.ceil(_PAST * sae.k * len(indices) / sae.d_sae) + _SPARE)
    largest_TR = -np.sort(-pre_TS, axis=1)[:, :seen]
    inputs_TI = np.concatenate(
        [
            rounded_TD,
            np.abs(rounded_TD),
            np.linalg.norm(rounded_TD, axis=1, keepdims=True),
            np.maximum(pre_TS, 0.0),
            largest_TR,
        ],
        axis=1,
    )
    weights_I, offset = _least_squares(inputs_TI, kth_T, np.where(near_T, 1.0, _FAR_WEIGHT))
    estimate_T = inputs_TI @ weights_I + np.float32(offset)
    d_model, active = rounded_TD.shape[1], 2 * rounded_TD.shape[1] + 1
    share_S = np.zeros(len(indices), np.float32)
    floor_S = np.zeros(len(indices), np.float32)
    for column in range(len(indices)):
        choices = []
        for share in (1.0, 0.0):  # relative to the estimate, or to a constant
            headroom_T = pre_TS[:, column] - share * estimate_T
            wrong, floor = best_floor(
                headroom_T, pre_TS[:, column], member_TS[:, column], tokens.document_T, thresholds_S[column]
            )
            choices.append((wrong, -share, floor))
        _, negative_share, floor_S[column] = min(choices)
        share_S[column] = -negative_share
    return EncoderRows(
        layer=sae.layer,
        W_FD=W_SD.numpy(),
        b_F=b_S.numpy(),
        columns_S=np.arange(len(indices), dtype=np.int64),
        stand_in=StandIn(
            direction_D=weights_I[:d_model],
            sizes_D=weights_I[d_model : 2 * d_model],
            length=float(weights_I[2 * d_model]),
            active_S=weights_I[active : active + len(indices)],
            largest_R=weights_I[active + len(indices) :],
            offset=offset,
            share_S=share_S,
            floor_S=floor_S,
        ),
        rounding=str(sae.W_enc_FD.dtype).removeprefix("torch."),
        stored=stored,
    )


def best_floor(
    headroom_T: NDArray[np.floating],
    pre_T: NDArray[np.floating],
    member_T: NDArray[np.bool_],
    document_T: NDArray[np.int64],
    threshold: float,
) -> tuple[int, float]:
    """The floor with the fewest texts on which a feature fires wrongly, and their number.

    It fires on a text if a token that reaches the threshold has more headroom than the floor.

    Args:
        headroom_T: Values to compare with the floor.
        pre_T: Pre-activations.
        member_T: Exact membership in the top-k.
        document_T: The text of each token, non-decreasing.
        threshold: Of the rule; 0 means any positive activation.
    """
    candidates_T = firing(pre_T, threshold)
    document_C = document_T[candidates_T]
    if not len(document_C):
        return 0, -_FAR
    begin_N = np.flatnonzero(np.diff(document_C, prepend=document_C[0] - 1))
    room_N = np.maximum.reduceat(headroom_T[candidates_T], begin_N)
    fires_N = np.logical_or.reduceat(member_T[candidates_T], begin_N)
    order = np.argsort(-room_N, kind="stable")
    room_N, fires_N = room_N[order], fires_N[order]
    # if it fires on the n texts with the most headroom: wrong are negatives among them and positives after them
    wrong = (
        np.concatenate([[0], np.cumsum(~fires_N)]) + fires_N.sum() - np.concatenate([[0], np.cumsum(fires_N)])
    )
    edges = np.concatenate([[_FAR], (room_N[1:] + room_N[:-1]) / 2, [-_FAR]])
    splits = np.concatenate(
        [[True], room_N[1:] < room_N[:-1], [True]]
    )  # texts with equal headroom can't be separated
    wrong = np.where(splits, wrong, len(room_N) + 1)
    best = int(wrong.argmin())
    return int(wrong[best]), float(edges[best])


def _membership(
    sae: TopKSAE, x_TD: torch.Tensor, indices_S: torch.Tensor
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The k-th largest activation of each token, and which selected features are in its top-k."""
    place_F = torch.full((sae.d_sae,), len(indices_S))
    place_F[indices_S] = torch.arange(len(indices_S))
    kth, members = [], []
    for part_TD in x_TD.split(_AT_ONCE):
        top = sae.encode(part_TD.to(sae.W_enc_FD.device))
        member_TS = torch.zeros(len(part_TD), len(indices_S) + 1, dtype=torch.bool)
        member_TS.scatter_(1, place_F[top.indices_TK.cpu()], True)
        kth.append(top.values_TK[:, -1].cpu())
        members.append(member_TS[:, :-1])
    return torch.cat(kth).numpy(), torch.cat(members).numpy()


def _least_squares(
    inputs_TI: NDArray[np.float32], target_T: NDArray[np.float32], weight_T: NDArray[np.float64]
) -> tuple[NDArray[np.float32], float]:
    """Weighted least squares: weights `[I]` of the inputs, and the intercept."""
    total = weight_T.sum()
    mean_I = weight_T @ inputs_TI / total
    target = target_T.astype(np.float64)
    middle = weight_T @ target / total
    centred_TI = inputs_TI - mean_I
    weighed_TI = centred_TI * weight_T[:, None] / total
    square_II = weighed_TI.T @ centred_TI
    square_II += np.eye(len(square_II)) * (_RIDGE * np.trace(square_II) / len(square_II) + 1e-12)
    weights_I = np.linalg.solve(square_II, weighed_TI.T @ (target - middle))
    return weights_I.astype(np.float32), float(middle - mean_I @ weights_I)
