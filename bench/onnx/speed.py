"""ORT against torch on the same residuals: the head alone, per shape and classifier."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from scopesift_classifiers.onnx.nodes.encode import EncoderRows
from scopesift_classifiers.onnx.nodes.graph import OPSETS, OnnxGraph
from scopesift_classifiers.onnx.nodes.head import add_windows_head
from scopesift_classifiers.onnx.nodes.int8 import measure_range
from scopesift_classifiers.onnx.runtime import exact_rows, open_session
from scopesift_classifiers.onnx.stand_in import Tokens, selected_rows
from scopesift_features.sae.topk import TopKSAE
from scopesift_kernels import SelectedMaxima, encode_selected

# d_model, features, k, selected, documents, tokens a document: nano's language rule in one layer, nano's toxicity rule,
# a short request, and Qwen3-1.7B's size
SHAPES = (
    (192, 3072, 40, 81, 64, 64),
    (192, 3072, 40, 1, 64, 64),
    (192, 3072, 40, 81, 1, 16),
    (2048, 32768, 50, 10, 4, 64),
)
QUICK_SHAPES = ((32, 256, 8, 4, 4, 8),)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ROUNDS = 11
ROUNDING = 1e-4  # tolerance for float32 sums in another order; other features in the top-k differ by far more


def measure(quick: bool) -> list[dict[str, Any]]:
    """Median milliseconds of one encode and pooling, ratios to the kernels, and how often the full head differs.

    Args:
        quick: One small shape, as a smoke test.
    """
    return [_shape(*shape) for shape in (QUICK_SHAPES if quick else SHAPES)]


def _shape(d_model: int, n_features: int, k: int, n_selected: int, batch: int, tokens: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    W_enc_FD = torch.randn(n_features, d_model, generator=generator) / d_model**0.5
    sae = TopKSAE(W_enc_FD, torch.zeros(n_features), None, None, k=k, layer=0)
    indices = torch.randperm(n_features, generator=generator)[:n_selected].sort().values
    x_BTD = torch.randn(batch, tokens, d_model, generator=generator)
    flat_TD = x_BTD.flatten(0, 1)
    document_T = torch.arange(batch).repeat_interleave(tokens)
    floors_S = torch.zeros(n_selected)
    lists = indices.tolist()

    def exact() -> SelectedMaxima:
        return encode_selected(flat_TD, W_enc_FD, sae.b_enc_F, k, indices, document_T, floors_S)

    ones_S = np.ones(n_selected, np.float32)
    ranges = measure_range([flat_TD.numpy()], W_enc_FD.numpy(), "dynamic")
    heads = {
        "full": exact_rows(sae, lists),
        "int8": exact_rows(sae, lists, int8=ranges),
        "selected": selected_rows(sae, lists, ones_S, Tokens(flat_TD.numpy(), document_T.numpy()), "fp32"),
    }
    calls = {"torch": exact, **{name: _call(rows, x_BTD.numpy()) for name, rows in heads.items()}}
    ms = _median_ms(calls)
    right_NS, (full_NS, _) = exact().maxima_NS.numpy(), calls["full"]()
    return {
        "d_model": d_model,
        "n_features": n_features,
        "k": k,
        "selected": n_selected,
        "documents": batch,
        "tokens": tokens,
        "ms": ms,
        "ratio": {name: value / ms["torch"] for name, value in ms.items()},
        "full_differs": int((np.abs(full_NS - right_NS) > ROUNDING).sum()),
    }


def _call(rows: EncoderRows, x_BTD: np.ndarray) -> Callable[[], Any]:
    graph = OnnxGraph("bench")
    add_windows_head(graph, rows)
    session = open_session(graph.model(OPSETS[0], {}).SerializeToString(), DEVICE)
    feeds = {"residual_0": x_BTD, "mask": np.ones(x_BTD.shape[:2], np.int64)}
    return lambda: session.run(["maxima", "tokens"], feeds)


def _median_ms(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Medians over rounds with one call each, so that load on the machine affects all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            call()  # warms the caches for the timed call
            started = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(found) for name, found in times.items()}
