"""Argument checks, done once for all back ends."""

from __future__ import annotations

import operator

import torch

from scopesift_kernels.per_tensor import PerTensor
from scopesift_kernels.problems import Inputs, JumpReLUProblem, Problem, Selection, check_documents
from scopesift_kernels.weight_norms import largest_bias, largest_norm

_DTYPES = (torch.float32, torch.bfloat16, torch.float16)
_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def check_problem(x_TD: torch.Tensor, W_enc_FD: torch.Tensor, b_enc_F: torch.Tensor, k: int) -> Problem:
    """Check residuals, encoder and k.

    Raises:
        TypeError: not dense tensors of float32, bfloat16 or float16; k not an integer.
        ValueError: shapes or devices don't match, k outside 1..F, NaN or infinity in the encoder.
    """
    _check_inputs(x_TD, W_enc_FD, b_enc_F)
    n_features = W_enc_FD.shape[0]
    k = _integer("k", k)
    if not 1 <= k <= n_features:
        raise ValueError(f"k has to be between 1 and the {n_features} features, not {k}")
    return Problem(x_TD, W_enc_FD, _as_float32(b_enc_F), largest_norm(W_enc_FD), largest_bias(b_enc_F), k)


def check_jumprelu(
    x_TD: torch.Tensor, W_enc_FD: torch.Tensor, b_enc_F: torch.Tensor, threshold_F: torch.Tensor
) -> JumpReLUProblem:
    """Check residuals, encoder and thresholds.

    Raises:
        TypeError: not dense tensors of float32, bfloat16 or float16.
        ValueError: shapes or devices don't match, NaN or infinity in the encoder, thresholds that are negative, NaN or
            infinite.
    """
    _check_inputs(x_TD, W_enc_FD, b_enc_F)
    require_dense("threshold_F", threshold_F)
    if not threshold_F.is_floating_point():
        raise TypeError(f"threshold_F has to be floating point, not {threshold_F.dtype}")
    if threshold_F.shape != b_enc_F.shape:
        raise ValueError(
            f"threshold_F has shape {tuple(threshold_F.shape)}, not one entry for each of {b_enc_F.shape[0]} rows"
        )
    if threshold_F.device != x_TD.device:
        raise ValueError(f"threshold_F is on {threshold_F.device}, x_TD on {x_TD.device}: move them to one")
    bad = _bad_floor(threshold_F)
    if bad is not None:
        raise ValueError(f"threshold_F has to be finite and not negative: got {bad:g}")
    return JumpReLUProblem(
        x_TD,
        W_enc_FD,
        _as_float32(b_enc_F),
        largest_norm(W_enc_FD),
        largest_bias(b_enc_F),
        _as_float32(threshold_F),
    )


def _check_inputs(x_TD: torch.Tensor, W_enc_FD: torch.Tensor, b_enc_F: torch.Tensor) -> None:
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


def check_selection(
    problem: Inputs,
    features_S: torch.Tensor,
    documents_T: torch.Tensor,
    floors_S: torch.Tensor,
    n_documents: int | None,
) -> Selection:
    """Check which features and documents are asked for.

    Raises:
        TypeError: features or documents that are not integers, floors that are not floating point.
        ValueError: lengths don't match, features outside the encoder, floors that are negative, NaN or
            infinite; documents out of order or range, if `n_documents` isn't given.
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
    lowest, highest = _range(features_S)
    if lowest < 0 or highest >= problem.n_features:
        wrong = lowest if lowest < 0 else highest
        raise ValueError(f"features_S has to lie in 0..{problem.n_features - 1}: got {wrong}")
    bad = _bad_floor(floors_S)
    if bad is not None:
        raise ValueError(f"floors_S has to be a float32 number, finite and not negative: got {bad:g}")
    n_documents = check_documents(documents_T, None) if n_documents is None else n_documents
    if _integer("n_documents", n_documents) < 0:
        raise ValueError(f"n_documents has to be at least 0, not {n_documents}")
    device = problem.x_TD.device
    return Selection(
        _as(features_S, device, torch.int64),
        documents_T.to(device, torch.int64),
        _as(floors_S, device, torch.float32).contiguous(),
        _integer("n_documents", n_documents),
    )


def _as(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """The tensor there and so; copies are cached."""
    if tensor.device == device and tensor.dtype == dtype:
        return tensor
    copies = _copies(tensor)
    if (device, dtype) not in copies:
        copies[device, dtype] = tensor.to(device, dtype)
    return copies[device, dtype]


def require_dense(name: str, tensor: object) -> None:
    """Refuse what is not a dense torch tensor.

    Raises:
        TypeError: names the type.
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


def _lowest_and_highest(features_S: torch.Tensor) -> tuple[int, int]:
    if not features_S.numel():
        return 0, 0
    lowest, highest = torch.stack(features_S.aminmax()).tolist()
    return lowest, highest


def _first_bad_floor(floors_S: torch.Tensor) -> float | None:
    as_used_S = floors_S.float()
    bad_S = floors_S[~(torch.isfinite(as_used_S) & (as_used_S >= 0))]
    return float(bad_S[0]) if bad_S.numel() else None


# Callers pass the same features and floors tensors at every call; results are cached per tensor.
_as_float32 = PerTensor(lambda b_enc_F: b_enc_F.float().contiguous())
_copies: PerTensor[dict[tuple[torch.device, torch.dtype], torch.Tensor]] = PerTensor(lambda tensor: {})
_range = PerTensor(_lowest_and_highest)
_bad_floor = PerTensor(_first_bad_floor)
