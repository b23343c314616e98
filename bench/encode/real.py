"""`python -m bench encode-real`: both encodes on real residuals of a bundled scope.

Independent normal pre-activations favour screening, since real features fire together. The bundled scopes' residuals
can be measured without Qwen's weights; their encoders are small, so the product is a small part of the encode.
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
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.sae.topk import TopKSAE
from scopesift_features.scope import Scope
from scopesift_kernels import TopK, encode_selected, encode_topk
from scopesift_kernels.cpu.backend import CpuBackend
from scopesift_kernels.cpu.tuning import CpuTuning

from bench.encode.abilities import processor
from bench.encode.checks import selected_mismatches
from bench.encode.peers import FLOOR, bare_gemm, torch_topk
from bench.encode.shapes import Data, Shape
from bench.encode.timing import median_ratios, timed_in_turn
from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import StoredRows

CPU = torch.device("cpu")
REPEATS = 9
SELECTED = (1, 8, 64, 256)
TOKENS = (64, 512, 4096)
FLOAT32 = CpuBackend(CpuTuning(bfloat16=False))
"""What a processor without bfloat16 instructions does."""


def run(data: Path, scope_name: str = "e5", texts: int = 1000, out: Path | None = None) -> None:
    """Time both encodes on residuals of real texts, as ratios to the bare product; write JSON and print a table.

    Args:
        data: labelled text (JSONL, CSV or Parquet with text and label).
        scope_name: a scope with TopK SAEs; its last layer is used.
        texts: how many of its first rows to read.
        out: folder for the JSON; None: `bench/results/`.

    Raises:
        BenchError: the selected encode disagrees with the full one by more than rounding.
    """
    scope = Scope.load(scope_name, device="cpu")
    layer = max(scope.layers)
    sae = scope.sae(layer)
    if not isinstance(sae, TopKSAE):
        raise BenchError(f"expected a TopK SAE, got {sae.model_type}")
    x_TD, document_T = _residuals(scope, read_labelled(data).texts[:texts], layer)
    x_TD = sae.rounded(x_TD)
    W_FD, b_F, k = sae.W_enc_FD, sae.b_enc_F, sae.k
    full = encode_topk(x_TD, W_FD, b_F, k)
    encoder = Data(Shape(scope.d_model, scope.d_sae, k, len(x_TD)), [x_TD], W_FD, b_F)
    calls: dict[str, Callable[[], Any]] = {
        FLOOR: partial(bare_gemm, x_TD, W_FD, b_F, k),
        "encode_topk": partial(encode_topk, x_TD, W_FD, b_F, k),
        "encode_topk, float32 product": partial(encode_topk, x_TD, W_FD, b_F, k, backend=FLOAT32),
        "torch eager": partial(torch_topk, x_TD, W_FD, b_F, k),
    }
    for size in TOKENS:
        few_TD = x_TD[:size]
        calls[f"encode_topk, {size} tokens"] = partial(encode_topk, few_TD, W_FD, b_F, k)
        calls[f"encode_topk, {size} tokens, float32 product"] = partial(
            encode_topk, few_TD, W_FD, b_F, k, backend=FLOAT32
        )
    order = np.argsort(-np.bincount(full.indices_TK.flatten().numpy(), minlength=len(W_FD)), kind="stable")
    for size in SELECTED:
        # every n-th of the features, sorted by how often they fire
        features_S = torch.from_numpy(np.sort(order[:: len(order) // size][:size]))
        for floors in ("zero", "median of its activations"):
            floors_S = torch.zeros(size) if floors == "zero" else _medians(full, features_S)
            call = partial(encode_selected, x_TD, W_FD, b_F, k, features_S, document_T, floors_S)
            if selected_mismatches(encoder, 0, call(), (features_S, document_T, floors_S), full):
                raise BenchError(f"encode_selected is wrong for {size} features with floors {floors}")
            calls[f"encode_selected, S = {size}, floors: {floors}"] = call
    times = timed_in_turn({name: _ignoring_batch(call) for name, call in calls.items()}, CPU, REPEATS, 1)
    ratios = median_ratios(times, FLOOR)
    result = {
        "processor": processor(),
        "data": f"{scope_name}, residuals after block {layer} of {int(document_T.max()) + 1} real texts",
        "d_model": scope.d_model,
        "n_features": scope.d_sae,
        "k": k,
        "tokens": len(x_TD),
        "floor": str(W_FD.dtype).removeprefix("torch."),
        "ms": {name: statistics.median(spent) for name, spent in times.items()},
        "ratio": ratios,
    }
    stored = StoredRows("encode-real", out)
    stored.put(scope_name, result)
    print(table(result))
    print(f"\nwritten: {stored.path}")


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    rows = [[name, f"{result['ms'][name]:.1f}", f"{ratio:.2f}"] for name, ratio in result["ratio"].items()]
    return markdown(["encode", "ms", f"time / {result['floor']} product of all tokens"], rows)


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


def _ignoring_batch(call: Callable[[], Any]) -> Callable[[int], object]:
    return lambda _batch: call()
