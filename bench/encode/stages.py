"""`python -m bench encode-stages`: profile of both encodes per kernel, for tuning on a GPU.

Time of a call outside kernels is the host's: late launches, or synchronisation.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from scopesift_kernels import encode_topk
from torch.profiler import ProfilerActivity, profile

from bench.encode.peers import FLOOR, bare_gemm
from bench.encode.shapes import HEADLINE, Data, Selected, Shape, make_data, make_selection, select
from bench.encode.timing import timed_in_turn
from bench.markdown import markdown
from bench.results_file import write_result

SELECTIONS = (Selected(64, 512, "fitted"), Selected(64, 512, "2%"), Selected(64, 32, "zero"))
TOKENS, CPU_TOKENS = 16384, 512
ROUNDS, PROFILED = 15, 4
LEAST_SHARE = 0.005
"""Kernels below this share of the bare product are summed in one row."""


def run(out: Path | None = None, quick: bool = False) -> None:
    """Time the encodes on the headline shape, profile them, and print both.

    Args:
        out: Folder for the JSON; None: `bench/results/`.
        quick: A small shape, two rounds, as a smoke test, also on a CPU.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    shape = Shape(256, 4096, 50, CPU_TOKENS) if quick else Shape(*HEADLINE, TOKENS)
    with torch.no_grad():
        rows = _measure(make_data(shape, device, 2), device, 2 if quick else ROUNDS)
    path = write_result(
        f"encode-stages{'-quick' if quick else ''}", {"shape": vars(shape), "rows": rows}, out
    )
    print(table(rows))
    print(f"\nwritten: {path}")


def table(rows: list[dict[str, Any]]) -> str:
    """The result as Markdown: one row per call, followed by its kernels."""
    floor = rows[0]["ms"]
    lines = []
    for row in rows:
        busy = sum(kernel["ms"] for kernel in row["kernels"])
        launches = sum(kernel["calls"] for kernel in row["kernels"])
        lines.append([f"**{row['name']}**", "", f"{row['ms']:.3f}", f"{row['ms'] / floor:.3f}"])
        lines.append(["device busy", f"{launches:.0f}", f"{busy:.3f}", f"{busy / floor:.3f}"])
        large = [kernel for kernel in row["kernels"] if kernel["ms"] >= LEAST_SHARE * floor]
        small = [kernel for kernel in row["kernels"] if kernel["ms"] < LEAST_SHARE * floor]
        rest = {key: sum(kernel[key] for kernel in small) for key in ("calls", "ms")}
        for kernel in [*large, {"name": "others", **rest}]:
            share = f"{kernel['ms'] / floor:.3f}"
            lines.append([kernel["name"][:60], f"{kernel['calls']:.0f}", f"{kernel['ms']:.3f}", share])
    return markdown(["call, kernel", "launches", "ms", "of the bare product"], lines)


def _measure(data: Data, device: torch.device, rounds: int) -> list[dict[str, Any]]:
    W_FD, b_F, k = data.W_enc_FD, data.b_enc_F, data.shape.k
    calls: dict[str, Callable[[int], object]] = {
        FLOOR: lambda batch: bare_gemm(data.batches[batch], W_FD, b_F, k),
        "encode_topk": lambda batch: encode_topk(data.batches[batch], W_FD, b_F, k),
    }
    full = encode_topk(data.batches[0], W_FD, b_F, k)
    for asked in SELECTIONS:
        name = f"encode_selected: {asked.features}, {asked.document_tokens} tokens, {asked.floors}"
        selection, n_documents = make_selection(data, asked, full), asked.documents(data.shape.tokens)
        calls[name] = partial(select, data, selection, n_documents, None)
    times = timed_in_turn(calls, device, rounds, len(data.batches))
    return [
        {"name": name, "ms": statistics.median(times[name]), "kernels": _kernels(call, device)}
        for name, call in calls.items()
    ]


def _kernels(call: Callable[[int], object], device: torch.device) -> list[dict[str, Any]]:
    """Milliseconds and launches per call of every kernel (on a CPU: torch's operations), the slowest first."""
    on_gpu = device.type == "cuda"
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]) as profiled:
        for number in range(PROFILED):
            call(number % 2)
        if on_gpu:
            torch.cuda.synchronize(device)
    found = []
    for event in profiled.key_averages():
        if on_gpu and "CUDA" not in str(event.device_type):
            continue
        microseconds = event.self_device_time_total if on_gpu else event.self_cpu_time_total
        found.append(
            {"name": event.key, "calls": event.count / PROFILED, "ms": microseconds / 1000 / PROFILED}
        )
    return sorted(found, key=lambda kernel: -kernel["ms"])
