"""Shapes of the timed encodes, from the catalogue's groups, and their data."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scopesift_features.catalogue.table import catalogue
from scopesift_kernels import SelectedMaxima, TopK, encode_selected
from scopesift_kernels.backend_choice import Backend


@dataclass(frozen=True)
class Shape:
    """Sizes of one encode: D, F, k, the tokens T of a call, and whether `encode_selected` is timed as well."""

    d_model: int
    n_features: int
    k: int
    tokens: int
    selections: bool = True


@dataclass(frozen=True)
class Data:
    """One encoder and several batches of residuals, used in turn so that inputs are not cached."""

    shape: Shape
    batches: list[torch.Tensor]
    W_enc_FD: torch.Tensor
    b_enc_F: torch.Tensor


@dataclass(frozen=True)
class Selected:
    """A selection: S features, document length, and how floors are set."""

    features: int
    document_tokens: int
    floors: str

    def documents(self, tokens: int) -> int:
        """How many documents so many tokens are."""
        return -(-tokens // self.document_tokens)


HEADLINE = (2048, 32768, 50)
"""Qwen3-1.7B with 32k features: the shape for which the goals are stated."""

WIDEST = Shape(2048, 131072, 100, 16384)
"""A shape whose pre-activations would take 8 GiB."""

SELECTIONS = [
    Selected(features, length, floors)
    for length in (512, 32)
    for floors in ("fitted", "2%", "zero")
    for features in (1, 8, 64, 256)
]


def shapes(device: torch.device, quick: bool) -> list[Shape]:
    """Distinct shapes of the 14 groups; on a CPU with fewer tokens, and the first once more with 16,384."""
    if quick:
        return [Shape(256, 4096, 50, 512)]
    sizes = sorted(
        {(e.d_model, e.d_sae, e.k) for e in catalogue().values() if not e.bundled and e.k is not None}
    )
    if device.type == "cuda":
        return [Shape(*size, 16384) for size in sizes]
    few = [Shape(*size, 1024 if size[0] * size[1] <= 1 << 27 else 512) for size in sizes]
    return [Shape(*HEADLINE, 16384, selections=False), *few]


def make_data(shape: Shape, device: torch.device, batches: int) -> Data:
    """Normal residuals and weights in bfloat16: pre-activations are then independent and standard normal.

    Real features are neither; this affects the work that screening saves, not exactness.
    """
    g = torch.Generator(device=device).manual_seed(shape.d_model + shape.n_features + shape.k)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=g, device=device).bfloat16()

    W_enc_FD = normal(shape.n_features, shape.d_model) * shape.d_model**-0.5
    b_enc_F = normal(shape.n_features) * 0.1
    return Data(shape, [normal(shape.tokens, shape.d_model) for _ in range(batches)], W_enc_FD, b_enc_F)


def make_selection(
    data: Data, asked: Selected, full: TopK
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features, documents and floors of a selection.

    "fitted": features that are active on the first batch, with their median activation as floor, which is exceeded on
    at most 2% of the tokens; like thresholds of real fits. "2%": the lowest floor exceeded on at most 2% of the tokens;
    most pre-activations above it are not in the top-k.
    """
    shape, device = data.shape, data.W_enc_FD.device
    firing = full.indices_TK.flatten().unique()
    features_S = firing[:: max(1, len(firing) // asked.features)][: asked.features]
    documents_T = torch.arange(shape.tokens, device=device) // asked.document_tokens
    floors_S = torch.zeros(len(features_S), device=device)
    if asked.floors != "zero":
        W_DS, b_S = data.W_enc_FD[features_S].float().T, data.b_enc_F[features_S].float()
        floors_S = (data.batches[0].float() @ W_DS + b_S).quantile(0.98, dim=0).clamp(min=0)
    if asked.floors == "fitted":
        for column, feature in enumerate(features_S.tolist()):
            median = full.values_TK[full.indices_TK == feature].median()
            floors_S[column] = torch.maximum(floors_S[column], median)
    return features_S, documents_T, floors_S


def select(
    data: Data, selection: tuple[torch.Tensor, ...], n_documents: int, backend: Backend | None, batch: int
) -> SelectedMaxima:
    """`encode_selected` of one batch; the selection is `make_selection`'s."""
    x_TD, W_FD, b_F, k = data.batches[batch], data.W_enc_FD, data.b_enc_F, data.shape.k
    return encode_selected(x_TD, W_FD, b_F, k, *selection, n_documents=n_documents, backend=backend)
