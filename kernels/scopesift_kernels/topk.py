"""The two encodes of a TopK SAE."""

from __future__ import annotations

import torch

from scopesift_kernels.arguments import check_problem, check_selection, require_dense
from scopesift_kernels.backend_choice import Backend, pick_for
from scopesift_kernels.results import SelectedMaxima, TopK


def encode_topk(
    x_TD: torch.Tensor,
    W_enc_FD: torch.Tensor,
    b_enc_F: torch.Tensor,
    k: int,
    *,
    backend: str | Backend | None = None,
) -> TopK:
    """Every active feature of every token: the k largest of `x_TD @ W_enc_FD.T + b_enc_F`, exactly.

    Pre-activations are accumulated in float32 from the inputs as they are stored. Equal pre-activations are
    ranked by index, lowest first, so that exactly k features are active whatever the ties.

    Args:
        x_TD: residuals `[T, D]`, float32, bfloat16 or float16; T may be 0; any strides. If the SAE subtracts its
            decoder bias, subtract it before.
        W_enc_FD: encoder weights `[F, D]`, same device, one row per feature (SAELens keeps `[D, F]`). Pass the same
            tensor each time: it is checked for NaN once.
        b_enc_F: encoder bias `[F]`. The three dtypes may differ.
        k: active features per token, 1 to F.
        backend: a name from `backends()`, or a back end object with other tuning; default: the fastest for the device.

    Returns:
        Values (after ReLU) and indices `[T, k]`, by pre-activation descending, then index ascending.

    Raises:
        TypeError: not dense tensors of a supported dtype, k not an integer.
        ValueError: shapes or devices don't match, k outside 1..F, NaN or infinity, unknown back end.
    """
    require_dense("x_TD", x_TD)
    with torch.no_grad():
        problem = check_problem(x_TD, W_enc_FD, b_enc_F, k)
        return pick_for(problem, backend).topk(problem)


def encode_selected(
    x_TD: torch.Tensor,
    W_enc_FD: torch.Tensor,
    b_enc_F: torch.Tensor,
    k: int,
    features_S: torch.Tensor,
    documents_T: torch.Tensor,
    floors_S: torch.Tensor,
    *,
    n_documents: int | None = None,
    backend: str | Backend | None = None,
) -> SelectedMaxima:
    """The exact largest activation of a few features in each document, usually cheaper than a full encode.

    The cost depends on S, the documents' length and above all the floors: see the table in README.md. A token counts
    for feature s iff s is among the token's k largest pre-activations (ties to the lowest index) and its activation
    exceeds the feature's floor.

    Args:
        x_TD: residuals `[T, D]` of all documents, one after the other.
        W_enc_FD: encoder weights `[F, D]`.
        b_enc_F: encoder bias `[F]`.
        k: active features per token, 1 to F.
        features_S: integer indices of the features to read `[S]`; S may be 0. These and the floors may be on the CPU,
            and are checked once if the same tensors are passed each time.
        documents_T: integer document of each token `[T]`, non-decreasing from 0.
        floors_S: floor of each feature `[S]`, >= 0: activations up to it are returned as 0.
        n_documents: N; by default the last document + 1.
        backend: a name from `backends()`, or a back end object with other tuning; default: the fastest for the device.

    Returns:
        Maxima `[N, S]` (0 where no token counts) and the earliest token that reaches each (-1 where none). Ties
        are as computed: a matrix product may round the same token differently in different rows.

    Raises:
        TypeError: not dense tensors of a supported dtype, k or n_documents not an integer.
        ValueError: shapes, devices or ranges don't match, NaN or infinity, unknown back end.
    """
    require_dense("x_TD", x_TD)
    with torch.no_grad():
        problem = check_problem(x_TD, W_enc_FD, b_enc_F, k)
        selection = check_selection(problem, features_S, documents_T, floors_S, n_documents)
        return pick_for(problem, backend, selection).selected(problem, selection)
