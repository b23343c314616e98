"""Checks of what callers pass, done once, so that every back end may rely on them."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import torch

from scopesift_kernels.weight_norms import largest_norm

_DTYPES = (torch.float32, torch.bfloat16, torch.float16)
_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
# Pre-activations below this can't overflow float32 in any order of accumulation.
_SAFE = 1e38
_TOKENS_AT_ONCE = 8192


@dataclass(frozen=True)
class Problem:
    """Checked inputs of one encode.

    Attributes:
        x_TD: residuals `[T, D]`, finite, float32, bfloat16 or float16.
        W_enc_FD: encoder weights `[F, D]`, finite, same device.
        b_enc_F: encoder bias, float32 `[F]`, finite, contiguous.
        k: how many features of a token are active, 1 to F.
        x_norm_T: Euclidean norms of the residuals, float32 `[T]`.
        w_norm: norm of the longest encoder row.
        may_overflow: a pre-activation might not fit float32; only the reference looks at every one of them.
    """

    x_TD: torch.Tensor
    W_enc_FD: torch.Tensor
    b_enc_F: torch.Tensor
    k: int
    x_norm_T: torch.Tensor
    w_norm: float
    may_overflow: bool

    @property
    def n_tokens(self) -> int:
        """T."""
        return self.x_TD.shape[0]

    @property
    def n_features(self) -> int:
        """F."""
        return self.W_enc_FD.shape[0]


@dataclass(frozen=True)
class Selection:
    """Which features are read, of which documents.

    Attributes:
        features_S: int64 `[S]`, indices into the encoder's rows; may repeat.
        documents_T: int64 `[T]`, document of each token, non-decreasing, below `n_documents`.
        floors_S: float32 `[S]`, finite, >= 0.
        n_documents: N; documents without tokens are allowed.
    """

    features_S: torch.Tensor
    documents_T: torch.Tensor
    floors_S: torch.Tensor
    n_documents: int


def check_problem(x_TD: torch.Tensor, W_enc_FD: torch.Tensor, b_enc_F: torch.Tensor, k: int) -> Problem:
    """Check residuals, encoder and k.

    Raises:
        TypeError: not dense tensors of float32, bfloat16 or float16; k not an integer.
        ValueError: shapes or devices that don't fit, k outside 1..F, NaN or infinity anywhere.
    """
    for name, tensor, dims in (("x_TD", x_TD, 2), ("W_enc_FD", W_enc_FD, 2), ("b_enc_F", b_enc_F, 1)):
        require_dense(name, tensor)
        if tensor.dtype not in _DTYPES:
            raise TypeError(f"{name} has to be float32, bfloat16 or float16, not {tensor.dtype}: convert it")
        if tensor.ndim != dims:
            raise ValueError(f"{name} has to have {dims} dimensions, not shape {tuple(tensor.shape)}")
        if tensor.device != x_TD.device:
            raise ValueError(f"{name} is on {tensor.device}, x_TD on {x_TD.device}: move them to one")
    n_features, d_model = W_enc_FD.shape
    if x_TD.shape[1] != d_model:
        raise ValueError(f"x_TD has {x_TD.shape[1]} columns and W_enc_FD {d_model}: they have to agree")
    if b_enc_F.shape[0] != n_features:
        raise ValueError(f"b_enc_F has {b_enc_F.shape[0]} entries, not one for each of {n_features} rows")
    if d_model == 0:
        raise ValueError("x_TD and W_enc_FD have no columns: a residual needs at least one dimension")
    k = _integer("k", k)
    if not 1 <= k <= n_features:
        raise ValueError(f"k has to be between 1 and the {n_features} features, not {k}")
    w_norm = largest_norm(W_enc_FD)
    b_enc_F = b_enc_F.float().contiguous()
    x_norm_T = _token_norms(x_TD)
    # One look at the device for everything: on a GPU each costs as much as a few thousand tokens.
    longest = x_norm_T.max() if x_norm_T.numel() else x_norm_T.new_zeros(())
    x_norm, bias = torch.stack((longest, b_enc_F.abs().max())).tolist()
    if not bias < float("inf"):  # NaN included
        raise ValueError("b_enc_F has to be finite; it holds NaN or infinity: check the SAE file")
    if not x_norm < float("inf"):  # squares may overflow although the entries are finite
        _check_tokens(x_TD)
    largest = x_norm * w_norm + bias
    return Problem(x_TD, W_enc_FD, b_enc_F, k, x_norm_T, w_norm, may_overflow=not largest < _SAFE)


def check_selection(
    problem: Problem,
    features_S: torch.Tensor,
    documents_T: torch.Tensor,
    floors_S: torch.Tensor,
    n_documents: int | None,
) -> Selection:
    """Check which features and documents are asked for.

    Raises:
        TypeError: features or documents that are not integers, floors that are not floating point.
        ValueError: lengths that don't fit, features outside the encoder, documents out of order or range,
            floors that are negative, NaN or infinite.
    """
    for name, tensor in (("features_S", features_S), ("documents_T", documents_T), ("floors_S", floors_S)):
        require_dense(name, tensor)
    for name, tensor in (("features_S", features_S), ("documents_T", documents_T)):
        if tensor.dtype not in _INTEGERS:
            raise TypeError(f"{name} has to hold integers, not {tensor.dtype}")
    if not floors_S.is_floating_point():
        raise TypeError(f"floors_S has to be floating point, not {floors_S.dtype}")
    if features_S.ndim != 1 or floors_S.shape != features_S.shape:
        shapes = f"{tuple(features_S.shape)} and {tuple(floors_S.shape)}"
        raise ValueError(f"features_S and floors_S have to be vectors of one length, not of shapes {shapes}")
    if documents_T.shape != (problem.n_tokens,):
        raise ValueError(f"documents_T has shape {tuple(documents_T.shape)}, not ({problem.n_tokens},)")
    device = problem.x_TD.device
    features_S, documents_T = features_S.to(device, torch.int64), documents_T.to(device, torch.int64)
    given_S, floors_S = floors_S, floors_S.to(device, torch.float32).contiguous()
    outside_S = (features_S < 0) | (features_S >= problem.n_features)
    good_S = torch.isfinite(floors_S) & (floors_S >= 0)
    # one look at the device for everything here too
    n_outside, n_bad, first, last, falling = torch.stack(
        (outside_S.sum(), (~good_S).sum(), *_order(documents_T))
    ).tolist()
    if n_outside:
        wrong = int(features_S[outside_S][0])
        raise ValueError(f"features_S has to lie in 0..{problem.n_features - 1}: got {wrong}")
    if n_bad:
        bad = given_S[(~good_S).to(given_S.device)]
        raise ValueError(
            f"floors_S has to be a float32 number, finite and not negative: got {float(bad[0]):g}"
        )
    if falling or first < 0:
        raise ValueError("documents_T has to be non-decreasing from 0: sort the tokens by document")
    n_documents = last + 1 if n_documents is None else _integer("n_documents", n_documents)
    if n_documents < last + 1:
        raise ValueError(
            f"n_documents has to be at least {last + 1}, one more than the last document: not {n_documents}"
        )
    return Selection(features_S, documents_T, floors_S, n_documents)


def require_dense(name: str, tensor: object) -> None:
    """Refuse what is not a dense torch tensor.

    Raises:
        TypeError: says what it is.
    """
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} has to be a torch.Tensor, not {type(tensor).__name__}: convert it")
    if tensor.layout != torch.strided or tensor.is_meta:
        kind = "meta" if tensor.is_meta else str(tensor.layout).removeprefix("torch.")
        raise TypeError(f"{name} has to be a dense tensor with data, not a {kind} one")


def _integer(name: str, value: object) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} has to be an integer, not {type(value).__name__}")
    return operator.index(value)


def _order(documents_T: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The first and the last document and how often they fall, still on the device; 0, -1, 0 without tokens."""
    if not documents_T.numel():
        nothing = documents_T.new_zeros(())
        return nothing, nothing - 1, nothing
    return documents_T[0], documents_T[-1], (documents_T[1:] < documents_T[:-1]).sum()


def _token_norms(x_TD: torch.Tensor) -> torch.Tensor:
    norm_T = torch.empty(x_TD.shape[0], device=x_TD.device)
    for start in range(0, x_TD.shape[0], _TOKENS_AT_ONCE):
        rows = slice(start, start + _TOKENS_AT_ONCE)
        norm_T[rows] = torch.linalg.vector_norm(x_TD[rows], dim=1, dtype=torch.float32)
    return norm_T


def _check_tokens(x_TD: torch.Tensor) -> None:
    finite_T = torch.isfinite(x_TD).all(dim=1)
    if not bool(finite_T.all()):
        bad = int((~finite_T).nonzero()[0])
        raise ValueError(f"x_TD has to be finite; token {bad} is not: check the backbone's dtype")
