"""`python -m bench encode-real`: the selected encode on real residuals of nano, beside the full one.

Independent normal pre-activations favour screening, since real features fire together. nano's residuals can be measured
without Qwen's weights; its encoder is small, so the product is a small part of the encode.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scopesift_classifiers.labelled_rows.rows import read_labelled
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.reading.windows import make_windows
from scopesift_features.sae.topk import TopKSAE
from scopesift_features.scope import Scope
from scopesift_kernels import TopK, encode_selected, encode_topk

from bench.encode.peers import FLOOR, bare_gemm, torch_topk
from bench.encode.timing import median_ratios, timed_in_turn
from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import write_result

CPU = torch.device("cpu")
REPEATS = 9
SELECTED = (1, 8, 64, 256)


def run(data: Path, texts: int = 1000, layer: int = 3, out: Path | None = None) -> None:
    """Time both encodes on residuals of real texts, as ratios to the bare product; write JSON and print a table.

    Args:
        data: labelled text (JSONL, CSV or Parquet with text and label).
        texts: how many of its first rows to read.
        layer: the layer to use.
        out: folder for the JSON; None: `bench/results/`.

    Raises:
        BenchError: the selected encode disagrees with the full one.
    """
    scope = Scope.load("nano", device="cpu")
    sae = scope.sae(layer)
    if not isinstance(sae, TopKSAE):
        raise BenchError(f"expected a TopK SAE, got {sae.model_type}")
    x_TD, document_T = _residuals(scope, read_labelled(data).texts[:texts], layer)
    W_FD, b_F, k = sae.W_enc_FD, sae.b_enc_F, sae.k
    full = encode_topk(x_TD, W_FD, b_F, k)
    calls: dict[str, Callable[[], Any]] = {
        FLOOR: partial(bare_gemm, x_TD, W_FD, b_F, k),
        "encode_topk": partial(encode_topk, x_TD, W_FD, b_F, k),
        "torch eager": partial(torch_topk, x_TD, W_FD, b_F, k),
    }
    order = np.argsort(-np.bincount(full.indices_TK.flatten().numpy(), minlength=len(W_FD)), kind="stable")
    for size in SELECTED:
        # every n-th of the features, sorted by how often they fire
        features_S = torch.from_numpy(np.sort(order[:: len(order) // size][:size]))
        for floors in ("zero", "median of its activations"):
            floors_S = torch.zeros(size) if floors == "zero" else _medians(full, features_S)
            call = partial(encode_selected, x_TD, W_FD, b_F, k, features_S, document_T, floors_S)
            _check(call().maxima_NS, full, features_S, document_T, floors_S)
            calls[f"encode_selected, S = {size}, floors: {floors}"] = call
    times = timed_in_turn({name: _ignoring_batch(call) for name, call in calls.items()}, CPU, REPEATS, 1)
    ratios = median_ratios(times, FLOOR)
    result = {
        "data": f"nano, residuals after block {layer} of {int(document_T.max()) + 1} real texts",
        "d_model": scope.d_model,
        "n_features": scope.d_sae,
        "k": k,
        "tokens": len(x_TD),
        "floor_ms": statistics.median(times[FLOOR]),
        "ratio": ratios,
    }
    path = write_result("encode-real", result, out)
    print(table(result))
    print(f"\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    return markdown(
        ["encode", "time / bare product"], [[name, f"{ratio:.2f}"] for name, ratio in result["ratio"].items()]
    )


def _residuals(scope: Scope, texts: list[str], layer: int) -> tuple[torch.Tensor, torch.Tensor]:
    parts, documents, seen = [], [], 0
    for batch in stream_residuals(scope, make_windows(scope, texts), [layer]):
        parts.append(batch.resid_TD[layer])
        documents.append(batch.window_T + seen)
        seen += len(batch.windows)
    return torch.cat(parts), torch.cat(documents)


def _medians(full: TopK, features_S: torch.Tensor) -> torch.Tensor:
    found = [full.values_TK[full.indices_TK == feature] for feature in features_S.tolist()]
    return torch.stack([acts.median() if acts.numel() else torch.tensor(0.0) for acts in found])


def _check(
    maxima_NS: torch.Tensor,
    full: TopK,
    features_S: torch.Tensor,
    document_T: torch.Tensor,
    floors_S: torch.Tensor,
) -> None:
    for column, (feature, floor) in enumerate(zip(features_S.tolist(), floors_S.tolist(), strict=True)):
        act_T = (full.values_TK * (full.indices_TK == feature)).sum(dim=1)
        act_T = torch.where(act_T > floor, act_T, 0.0)
        right_N = torch.zeros(len(maxima_NS)).scatter_reduce_(0, document_T, act_T, "amax")
        if not torch.allclose(right_N, maxima_NS[:, column], rtol=1e-4, atol=1e-4):
            raise BenchError(f"encode_selected is wrong for feature {feature} with floor {floor}")


def _ignoring_batch(call: Callable[[], Any]) -> Callable[[int], object]:
    return lambda _batch: call()
