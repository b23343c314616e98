"""`python -m bench encode-jumprelu`: the JumpReLU encodes as ratios to the bare product of the same run."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import torch
from scopesift_kernels import encode_jumprelu, encode_selected_jumprelu

from bench.encode.peers import FLOOR, bare_gemm
from bench.encode.shapes import HEADLINE, Data, Shape, make_data
from bench.encode.timing import median_ratios, timed_in_turn
from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import write_result

SELECTED = (8, 64, 256)
BAR_FEATURES, BAR = 64, 0.05
ACTIVE_SHARE = 0.002
"""Of the features of a token, about 60 of 32,768: between Gemma Scope's medium and big."""
DOCUMENT_TOKENS = 64


def run(out: Path | None = None, quick: bool = False) -> None:
    """Time both encodes, compare the selected with the full one, print the table, write the JSON.

    Args:
        out: folder for the JSON; None: `bench/results/`.
        quick: a small shape and few repeats.

    Raises:
        BenchError: the selected encode disagrees with the full one.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    d_model, n_features, k = HEADLINE
    shape = Shape(256, 4096, k, 512) if quick else Shape(d_model, n_features, k, 1024)
    data = make_data(shape, device, 2)
    # float32, in which the bare product is fastest on processors without bfloat16 arithmetic
    data = Data(shape, [x.float() for x in data.batches], data.W_enc_FD.float(), data.b_enc_F.float())
    threshold_F = _threshold(data)
    documents_T = torch.arange(shape.tokens, device=device) // DOCUMENT_TOKENS
    selections = {
        size: torch.arange(0, shape.n_features, shape.n_features // size)[:size] for size in SELECTED
    }
    encoder = (data.W_enc_FD, data.b_enc_F, threshold_F)

    def selected(batch: int, features_S: torch.Tensor) -> Any:
        floors_S = torch.zeros(len(features_S))
        return encode_selected_jumprelu(data.batches[batch], *encoder, features_S, documents_T, floors_S)

    calls: dict[str, Any] = {
        FLOOR: lambda batch: bare_gemm(data.batches[batch], data.W_enc_FD, data.b_enc_F, k),
        "encode_jumprelu": lambda batch: encode_jumprelu(data.batches[batch], *encoder),
    }
    for size, features_S in selections.items():
        calls[f"encode_selected_jumprelu, S = {size}"] = lambda batch, own=features_S: selected(batch, own)
    with torch.inference_mode(False), torch.no_grad():
        full = encode_jumprelu(data.batches[0], *encoder)
        for features_S in selections.values():
            _compare(full, selected(0, features_S).maxima_NS, features_S.to(device), documents_T)
        times = timed_in_turn(calls, device, 3 if quick else 7, len(data.batches))
    result = {
        "shape": vars(shape),
        "active_per_token": float(full.counts_T.double().mean()),
        "document_tokens": DOCUMENT_TOKENS,
        "bar": BAR,
        "ms": {name: statistics.median(spent) for name, spent in times.items()},
        "ratio": median_ratios(times, FLOOR),
    }
    path = write_result("encode-jumprelu", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    shape = result["shape"]
    rows = [[name, f"{result['ms'][name]:.1f}", f"{ratio:.3f}"] for name, ratio in result["ratio"].items()]
    return markdown(["encode", "median, ms", f"to the {FLOOR}"], rows) + (
        f"\n\n{shape['tokens']:,} tokens of width {shape['d_model']:,}, {shape['n_features']:,} features, "
        f"{result['active_per_token']:.0f} active a token, documents of {result['document_tokens']} tokens, float32; "
        f"bar for S = {BAR_FEATURES}: {result['bar']:g}."
    )


def _threshold(data: Data) -> torch.Tensor:
    """One threshold, above which `ACTIVE_SHARE` of the pre-activations lie."""
    pre_RF = data.batches[0][:64] @ data.W_enc_FD.T + data.b_enc_F
    cut = pre_RF.flatten().topk(int(ACTIVE_SHARE * pre_RF.numel())).values[-1]
    return torch.full_like(data.b_enc_F, float(cut))


def _compare(full: Any, maxima_NS: torch.Tensor, features_S: torch.Tensor, documents_T: torch.Tensor) -> None:
    place_F = torch.full(
        (int(full.indices_E.max()) + int(features_S.max()) + 1,), -1, device=features_S.device
    )
    place_F[features_S] = torch.arange(len(features_S), device=features_S.device)
    column_E = place_F[full.indices_E]
    kept_E = column_E >= 0
    cell_E = documents_T[full.tokens_E[kept_E]] * len(features_S) + column_E[kept_E]
    right = torch.zeros(maxima_NS.numel(), device=maxima_NS.device)
    right.scatter_reduce_(0, cell_E, full.values_E[kept_E], "amax")
    # the two products may round a pre-activation to different sides of the threshold
    if not torch.allclose(maxima_NS.flatten(), right, rtol=1e-5, atol=1e-4):
        raise BenchError("the selected encode disagrees with the full one")
