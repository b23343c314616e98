"""The two encodes of an SAE whose features are active above a threshold of their own: JumpReLU.

ReLU is JumpReLU with thresholds of 0, and BatchTopK at inference JumpReLU with one threshold for all features.
Source: Rajamanoharan et al., Jumping Ahead (arXiv 2407.14435); Bussmann et al., BatchTopK (arXiv 2412.06410).
"""

from __future__ import annotations

import torch

from scopesift_kernels.arguments import check_jumprelu, check_selection, require_dense
from scopesift_kernels.backend_choice import Backend, pick_for
from scopesift_kernels.results import ActiveFeatures, SelectedMaxima


def encode_jumprelu(
    x_TD: torch.Tensor,
    W_enc_FD: torch.Tensor,
    b_enc_F: torch.Tensor,
    threshold_F: torch.Tensor,
    *,
    backend: str | Backend | None = None,
) -> ActiveFeatures:
    """Every active feature of every token: `pre * (pre > threshold)` of `pre = x_TD @ W_enc_FD.T + b_enc_F`.

    Pre-activations are accumulated in float32 from the inputs as they are stored.

    Args:
        x_TD: residuals `[T, D]`, float32, bfloat16 or float16; T may be 0; any strides. If the SAE subtracts its
            decoder bias, subtract it before.
        W_enc_FD: encoder weights `[F, D]`, same device, one row per feature (SAELens keeps `[D, F]`).
        b_enc_F: encoder bias `[F]`.
        threshold_F: threshold of each feature `[F]`, >= 0, same device.
        backend: a name from `backends()`, or a back end object with other tuning; default: the fastest for the device.

    Returns:
        The active features of the tokens, each token's by index ascending.

    Raises:
        TypeError: not dense tensors of a supported dtype.
        ValueError: shapes or devices don't match, a threshold below 0, NaN or infinity, unknown back end.
    """
    require_dense("x_TD", x_TD)
    with torch.no_grad():
        problem = check_jumprelu(x_TD, W_enc_FD, b_enc_F, threshold_F)
        return pick_for(problem, backend).jumprelu(problem)


def encode_selected_jumprelu(
    x_TD: torch.Tensor,
    W_enc_FD: torch.Tensor,
    b_enc_F: torch.Tensor,
    threshold_F: torch.Tensor,
    features_S: torch.Tensor,
    documents_T: torch.Tensor,
    floors_S: torch.Tensor,
    *,
    n_documents: int | None = None,
    backend: str | Backend | None = None,
) -> SelectedMaxima:
    """The largest activation of a few features in each document, by the product with their rows alone.

    A token counts for feature s iff its pre-activation exceeds both the feature's threshold and its floor.

    Args:
        x_TD: residuals `[T, D]` of all documents, one after the other.
        W_enc_FD: encoder weights `[F, D]`.
        b_enc_F: encoder bias `[F]`.
        threshold_F: threshold of each feature `[F]`, >= 0.
        features_S: integer indices of the features to read `[S]`; S may be 0. These and the floors may be on the CPU.
        documents_T: integer document of each token `[T]`, non-decreasing from 0.
        floors_S: floor of each feature `[S]`, >= 0: activations up to it are returned as 0.
        n_documents: N; by default the last document + 1.
        backend: a name from `backends()`, or a back end object with other tuning; default: the fastest for the device.

    Returns:
        Maxima `[N, S]` (0 where no token counts) and the earliest token that reaches each (-1 where none).

    Raises:
        TypeError: not dense tensors of a supported dtype, n_documents not an integer.
        ValueError: shapes, devices or ranges don't match, NaN or infinity, unknown back end.
    """
    require_dense("x_TD", x_TD)
    with torch.no_grad():
        problem = check_jumprelu(x_TD, W_enc_FD, b_enc_F, threshold_F)
        selection = check_selection(problem, features_S, documents_T, floors_S, n_documents)
        return pick_for(problem, backend, selection).selected_jumprelu(problem, selection)
