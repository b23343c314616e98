"""Encodes of other packages: their operations, without their classes."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

Encode = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, int], object]

FLOOR = "bare product"
"""What `bare_gemm` is called in results."""


def bare_gemm(x: torch.Tensor, W: torch.Tensor, b: torch.Tensor, k: int) -> torch.Tensor:
    """The product alone, in the dtype of the inputs: the baseline."""
    return x @ W.T


def torch_topk(
    x: torch.Tensor, W: torch.Tensor, b: torch.Tensor, k: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Linear, ReLU, top-k. In bfloat16 the pre-activations are rounded first: fast, but not exact."""
    values, indices = F.relu(F.linear(x, W, b)).topk(k, dim=-1)
    return values, indices


def sparsify_encode(
    x: torch.Tensor, W: torch.Tensor, b: torch.Tensor, k: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """EleutherAI sparsify's `fused_encoder` forward: unsorted top-k of the rectified pre-activations."""
    values, indices = F.relu(F.linear(x, W, b)).topk(k, dim=-1, sorted=False)
    return values, indices


def saelens_encode(x: torch.Tensor, W: torch.Tensor, b: torch.Tensor, k: int) -> torch.Tensor:
    """SAELens' TopK SAE: top-k of the pre-activations, rectified, scattered into a dense `[T, F]`."""
    hidden_pre = x @ W.T + b
    values, indices = torch.topk(hidden_pre, k=k, dim=-1, sorted=False)
    return torch.zeros_like(hidden_pre).scatter_(-1, indices, values.relu())


def peers(compiled: bool) -> dict[str, Encode]:
    """Peers by the name that the table shows; `compiled` adds torch.compile's version."""
    found: dict[str, Encode] = {
        "torch eager": torch_topk,
        "SAELens (operations written out)": saelens_encode,
        "sparsify (operations written out)": sparsify_encode,
    }
    if compiled:
        found["torch.compile"] = torch.compile(torch_topk, dynamic=False)
    return found
