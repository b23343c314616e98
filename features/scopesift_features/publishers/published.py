"""A publisher's SAE in our conventions, and the algebra that gets it there.

Every change of the input or of the activations that is linear and the same for all tokens is folded into the weights,
which changes activations by rounding only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from scopesift_files.errors import ScopeError
from torch import Tensor

from scopesift_features.sae.autoencoder import SparseAutoencoder


@dataclass(frozen=True)
class PublishedSAE:
    """One layer's SAE of a publisher.

    Attributes:
        path: the file or folder that it was read from.
        sae: in our conventions, float32, with its layer.
        base_model: name of the backbone that the publisher states; "" if none.
    """

    path: Path
    sae: SparseAutoencoder
    base_model: str = ""


def oriented(path: Path, tensors: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """The four weights in our orientation: W_enc `[d_sae, d_model]`, W_dec `[d_model, d_sae]`.

    Args:
        path: for errors.
        tensors: as published, W_enc `[d_model, d_sae]` and W_dec `[d_sae, d_model]`.
        names: published name by ours.

    Raises:
        ScopeError: a tensor is missing, or shapes don't match.
    """
    absent = [theirs for theirs in names.values() if theirs not in tensors]
    if absent:
        have = ", ".join(sorted(tensors)) or "nothing"
        raise ScopeError(f"{path} has no tensor {absent[0]}, only {have}; it was not converted")
    ours = {name: tensors[theirs].float() for name, theirs in names.items()}
    if ours["W_enc"].ndim != 2:
        raise ScopeError(
            f"{path}: {names['W_enc']} has shape {tuple(ours['W_enc'].shape)}, expected a matrix"
        )
    d_model, d_sae = ours["W_enc"].shape
    for name, shape in (("W_dec", (d_sae, d_model)), ("b_enc", (d_sae,)), ("b_dec", (d_model,))):
        if tuple(ours[name].shape) != shape:
            raise ScopeError(
                f"{path}: {names[name]} has shape {tuple(ours[name].shape)}, expected {shape} beside "
                f"{names['W_enc']} of {(d_model, d_sae)}"
            )
    return {**ours, "W_enc": ours["W_enc"].T.contiguous(), "W_dec": ours["W_dec"].T.contiguous()}


def without_input_shift(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights for x that act as the given ones do on `x - b_dec`."""
    shift_F = weights["W_enc"].double() @ weights["b_dec"].double()
    return {**weights, "b_enc": (weights["b_enc"].double() - shift_F).float()}


def with_unit_decoder(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights whose activations are the given ones' times the norm of their feature's decoder direction."""
    norm_F = torch.linalg.vector_norm(weights["W_dec"].double(), dim=0)
    return {
        **weights,
        "W_enc": (weights["W_enc"].double() * norm_F[:, None]).float(),
        "b_enc": (weights["b_enc"].double() * norm_F).float(),
        "W_dec": (weights["W_dec"].double() / norm_F).float(),
    }


def feature_thresholds(path: Path, tensors: Mapping[str, Tensor], d_sae: int) -> Tensor:
    """The tensor `threshold` of a JumpReLU SAE, float32 `[d_sae]`.

    Raises:
        ScopeError: missing, not one a feature, or below 0, which would make activations negative.
    """
    threshold = tensors.get("threshold")
    if threshold is None or tuple(threshold.shape) != (d_sae,):
        shape = None if threshold is None else tuple(threshold.shape)
        raise ScopeError(f"{path}: threshold has shape {shape}, expected ({d_sae},)")
    if bool((threshold < 0).any()):
        raise ScopeError(f"{path}: threshold holds values below 0; only values from 0 on can be read")
    return threshold.float()


def check_finite(path: Path, tensors: Mapping[str, Any]) -> None:
    """Refuse NaN and infinity.

    Raises:
        ScopeError: names the tensor.
    """
    for name, value in tensors.items():
        if isinstance(value, Tensor) and not bool(torch.isfinite(value).all()):
            raise ScopeError(f"{path}: {name} holds NaN or infinite values; it was not converted")
