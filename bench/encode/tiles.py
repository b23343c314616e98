"""`python -m bench encode-tiles`: the Triton products with different tile shapes, as ratios to the bare product.

For tuning on a GPU: one row per shape, in one run, with checked results. Tile shapes that don't fit the device are
listed and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from scopesift_kernels.arguments import check_problem
from scopesift_kernels.interpreter import interpreted
from scopesift_kernels.triton.products import count_before, pre_activations
from scopesift_kernels.triton.tuning import TileShape, TritonTuning
from scopesift_kernels.triton.weights import Weights, encoder_weights
from triton.errors import TritonError

from bench.encode.peers import FLOOR, bare_gemm
from bench.encode.shapes import Data, Shape, make_data
from bench.encode.timing import median_ratios, timed_in_turn
from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import write_result

SHAPES = (
    TileShape(128, 256, 64, warps=8, stages=3),
    TileShape(128, 256, 64, warps=8, stages=4),
    TileShape(128, 256, 64, warps=8, stages=3, group=4),
    TileShape(128, 256, 64, warps=8, stages=3, group=16),
    TileShape(256, 128, 64, warps=8, stages=3),
    TileShape(128, 128, 64, warps=4, stages=4),
    TileShape(128, 128, 64, warps=8, stages=4),
    TileShape(64, 256, 64, warps=4, stages=4),
    TileShape(128, 256, 32, warps=8, stages=4),
)
QUICK = (TileShape(64, 32, 16, warps=4, stages=2), TileShape(64, 64, 16, warps=4, stages=2))
# Size of one product in encode_topk with 32,768 features.
PROBLEM, QUICK_PROBLEM = Shape(2048, 32768, 50, 16384), Shape(64, 256, 8, 64)
THRESHOLD = 3.0
ROUNDS = 15


def run(out: Path | None = None, quick: bool = False) -> None:
    """Time every tile shape and print the table.

    Args:
        out: Folder for the JSON; None: `bench/results/`.
        quick: Small tiles on small data, two rounds, as a smoke test, also in Triton's interpreter.

    Raises:
        BenchError: a product is wrong, no tile shape ran, or there is no GPU.
    """
    if not torch.cuda.is_available() and not interpreted():
        raise BenchError("no CUDA device is visible here; TRITON_INTERPRET=1 and --quick show that it runs")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = make_data(QUICK_PROBLEM if quick else PROBLEM, device, 2)
    rows = [_measure(shape, data, device, 2 if quick else ROUNDS) for shape in (QUICK if quick else SHAPES)]
    path = write_result(f"encode-tiles{'-quick' if quick else ''}", {"rows": rows}, out)
    print(table(rows))
    print(f"\nwritten: {path}")
    if not any("ratio" in row for row in rows):
        raise BenchError(f"no tile shape ran: {rows[0]['refused']}")
    wrong = [
        str(row["shape"]) for row in rows if row.get("largest_error", 0.0) > 1e-2 or row.get("miscounted")
    ]
    if wrong:
        raise BenchError(f"wrong products with the tile shapes {', '.join(wrong)}")


def table(rows: list[dict[str, Any]]) -> str:
    """The result as Markdown."""
    header = [
        "rows x columns x depth, warps, stages, group",
        "write",
        "write with maxima",
        "count",
        "largest error",
        "miscounted",
    ]
    lines = []
    for row in rows:
        shape = TileShape(**row["shape"])
        name = f"{shape.rows}x{shape.columns}x{shape.depth}, {shape.warps}, {shape.stages}, {shape.group}"
        if "ratio" not in row:
            lines.append([name, row["refused"], "", "", "", ""])
            continue
        ratios = [f"{row['ratio'][kind]:.2f}" for kind in ("write", "maxima", "count")]
        lines.append([name, *ratios, f"{row['largest_error']:.1e}", str(row["miscounted"])])
    return markdown(header, lines)


def _measure(shape: TileShape, data: Data, device: torch.device, rounds: int) -> dict[str, Any]:
    problem = check_problem(data.batches[0], data.W_enc_FD, data.b_enc_F, data.shape.k)
    weights = encoder_weights(problem, TritonTuning(half=shape, full=shape))
    block = min(32, shape.columns // 2)
    pre = torch.empty(data.shape.tokens, data.shape.n_features, device=device)
    hint = torch.empty(data.shape.tokens, -(-data.shape.n_features // block), device=device)
    calls: dict[str, Callable[[int], object]] = {
        FLOOR: lambda batch: bare_gemm(data.batches[batch], data.W_enc_FD, data.b_enc_F, 0),
        "write": lambda batch: pre_activations(data.batches[batch], weights, pre),
        "maxima": lambda batch: pre_activations(data.batches[batch], weights, pre, hint, block),
        "count": partial(_count, data, weights),
    }
    about = {"shape": vars(shape)}
    try:
        times = timed_in_turn(calls, device, rounds, len(data.batches))
    except TritonError as error:  # doesn't fit or doesn't compile; the first line has the reason
        return {**about, "refused": str(error).strip().split("\n")[0][:100]}
    calls["maxima"](0)
    right = data.batches[0].double() @ data.W_enc_FD.double().T + data.b_enc_F.double()
    maxima = right.view(len(right), -1, block).amax(dim=2)
    largest = max(float((pre - right).abs().max()), float((hint - maxima).abs().max()))
    # counts must equal those of the written values exactly
    right_counts = ((pre > THRESHOLD) & (torch.arange(pre.shape[1], device=device) != 0)).sum(dim=1)
    miscounted = int((_count(data, weights, 0) != right_counts[:, None]).sum())
    return {
        **about,
        "ratio": median_ratios(times, FLOOR),
        "largest_error": largest,
        "miscounted": miscounted,
    }


def _count(data: Data, weights: Weights, batch: int) -> torch.Tensor:
    x = data.batches[batch]
    values = torch.full((len(x), 2), THRESHOLD, device=x.device)
    counts = torch.zeros(len(x), 2, dtype=torch.int32, device=x.device)
    n_rows = torch.full((4,), len(x), dtype=torch.int32, device=x.device)
    count_before(x, weights, values, torch.zeros_like(counts), counts, n_rows)
    return counts
