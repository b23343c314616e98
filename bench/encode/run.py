"""`python -m bench encode`: the encodes as ratios to the bare product of the same run."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from scopesift_kernels import TopK, encode_topk
from scopesift_kernels.cpu.backend import CpuBackend
from scopesift_kernels.cpu.tuning import CpuTuning

from bench.encode.abilities import processor, unit
from bench.encode.checks import selected_mismatches, topk_mismatches
from bench.encode.peers import FLOOR, Encode, bare_gemm, peers
from bench.encode.shapes import (
    HEADLINE,
    SELECTIONS,
    WIDEST,
    Data,
    Selected,
    Shape,
    make_data,
    make_selection,
    select,
    shapes,
)
from bench.encode.tables import full_table, memory_line, selected_table, shape_name
from bench.encode.timing import extra_mib, median_ratios, timed_in_turn
from bench.errors import BenchError
from bench.results_file import StoredRows


def run(
    out: Path | None = None, quick: bool = False, only: Sequence[str] = (), float32: bool = False
) -> None:
    """Time both encodes and their peers, check them on the same inputs, write JSON: one file for each unit of CPUs.

    Every shape is written as soon as it is measured, with date and commit; a later run replaces the shapes that it
    measures and keeps the others, if device and torch are the same.

    Args:
        out: folder for the JSON; None: `bench/results/`.
        quick: one small shape and few repeats, as a smoke test.
        only: shapes to measure, as `shape_name` writes them, or "memory"; all if empty.
        float32: as on a processor without bfloat16 instructions: both encodes and the bare product in float32. Rows of
            their own, which time `encode_selected` in the headline shape only.

    Raises:
        BenchError: an encode is wrong on the timed inputs, or `only` has an unknown name.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = [shape for shape in shapes(device, quick) if not only or shape_name(vars(shape)) in only]
    if only and len(chosen) + ("memory" in only) < len(only):
        names = ", ".join(shape_name(vars(shape)) for shape in shapes(device, quick))
        raise BenchError(f"no such shape among {', '.join(only)}; there are {names}, and memory")
    repeats = 3 if quick or device.type == "cpu" else 15
    batches = 2 if device.type == "cpu" else 3
    kind = "encode" if device.type == "cuda" else f"encode-{unit()}"
    stored = StoredRows(f"{kind}{'-quick' if quick else ''}", out)
    with torch.inference_mode(False), torch.no_grad():
        for shape in chosen:
            name = shape_name(vars(shape)) + (", float32" if float32 else "")
            print(f"measuring {name}", file=sys.stderr)
            data = make_data(shape, device, batches)
            stored.put(name, _measure(data, device, repeats, quick, float32))
    if not quick and not float32 and (not only or "memory" in only):
        print("measuring memory", file=sys.stderr)
        stored.put("memory", _memory(device))
    result = stored.result()
    print(full_table(result), selected_table(result), memory_line(result), sep="\n\n")
    print(f"\nwritten: {stored.path}")
    rows = [row for row in result["rows"].values() if "mismatches" in row]
    wrong = sum(row["mismatches"] + sum(s["mismatches"] for s in row["selected"]) for row in rows)
    if wrong:
        raise BenchError(f"{wrong} answers differ from float64 by more than rounding; see {stored.path}")


def _measure(data: Data, device: torch.device, repeats: int, quick: bool, float32: bool) -> dict[str, Any]:
    shape, n = data.shape, len(data.batches)
    backend = CpuBackend(CpuTuning(bfloat16=False)) if float32 else None
    floor, peer_data = _floor(data, device, n, float32)
    ours = partial(encode_topk, backend=backend)
    calls = {FLOOR: partial(_call, bare_gemm, peer_data), "encode_topk": partial(_call, ours, data)}
    compiled = not quick and (device.type == "cpu" or _is_headline(shape))  # tuning a shape takes a GPU 10 s
    for name, encode in peers(compiled).items():
        calls[name] = partial(_call, encode, peer_data)
    times = timed_in_turn(calls, device, repeats, n)
    full = [ours(x, data.W_enc_FD, data.b_enc_F, shape.k) for x in data.batches]
    selections = SELECTIONS if shape.selections and (not float32 or _is_headline(shape)) else []
    return {
        "processor": processor(),
        "d_model": shape.d_model,
        "n_features": shape.n_features,
        "k": shape.k,
        "tokens": shape.tokens,
        "floor": floor,
        "ms": {name: statistics.median(spent) for name, spent in times.items()},
        "ratio": median_ratios(times, FLOOR),
        "mismatches": sum(topk_mismatches(data, i, got) for i, got in enumerate(full)),
        "selected": _measure_selected(data, peer_data, full, selections, repeats, backend),
    }


def _is_headline(shape: Shape) -> bool:
    return (shape.d_model, shape.n_features, shape.k) == HEADLINE


def _floor(data: Data, device: torch.device, n: int, float32: bool) -> tuple[dict[str, Any], Data]:
    """The product in the dtype in which it is fastest here, and the data in it.

    Without bfloat16 arithmetic that is float32; converting once can only favour the peers.
    """
    if device.type != "cpu":
        return {"dtype": "bfloat16"}, data
    wide = Data(data.shape, [x.float() for x in data.batches], data.W_enc_FD.float(), data.b_enc_F.float())
    calls = {"bfloat16": partial(_call, bare_gemm, data), "float32": partial(_call, bare_gemm, wide)}
    ms = {name: statistics.median(spent) for name, spent in timed_in_turn(calls, device, 1, n).items()}
    fastest = "float32" if float32 else min(ms, key=lambda name: ms[name])
    return {"dtype": fastest, "ms": ms}, wide if fastest == "float32" else data


def _measure_selected(
    data: Data,
    peer_data: Data,
    full: list[TopK],
    asked_for: Sequence[Selected],
    repeats: int,
    backend: CpuBackend | None,
) -> list[dict[str, Any]]:
    calls: dict[str, Any] = {FLOOR: partial(_call, bare_gemm, peer_data)}
    selections = [make_selection(data, asked, full[0]) for asked in asked_for]
    selects = [
        partial(select, data, selection, asked.documents(data.shape.tokens), backend)
        for asked, selection in zip(asked_for, selections, strict=True)
    ]
    calls |= {str(number): select for number, select in enumerate(selects)}
    times = timed_in_turn(calls, data.W_enc_FD.device, repeats, len(data.batches))
    ratios = median_ratios(times, FLOOR)
    last = len(data.batches) - 1
    return [
        {
            **vars(asked),
            "ms": statistics.median(times[str(number)]),
            "ratio": ratios[str(number)],
            "mismatches": selected_mismatches(data, last, selects[number](last), selection, full[last]),
        }
        for number, (asked, selection) in enumerate(zip(asked_for, selections, strict=True))
    ]


def _memory(device: torch.device) -> dict[str, Any]:
    """Memory of one `encode_topk` of the widest encoder beyond its inputs and outputs."""
    data = make_data(WIDEST, device, 1)
    measured = extra_mib(partial(_call, encode_topk, data), device)
    outputs = WIDEST.tokens * WIDEST.k * (4 + 8) / 2**20
    return {
        **vars(WIDEST),
        "processor": processor(),
        "extra_mib": None if measured is None else max(0.0, measured - outputs),
    }


def _call(encode: Encode, data: Data, batch: int) -> object:
    return encode(data.batches[batch], data.W_enc_FD, data.b_enc_F, data.shape.k)
