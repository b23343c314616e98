"""`python -m bench device`: peak rates of a device: a bare bf16 product and a copy."""

from __future__ import annotations

import statistics
from pathlib import Path

import torch

from bench.encode.timing import timed_in_turn
from bench.results_file import write_result

SIDE, COPY_BYTES, ROUNDS = 8192, 1 << 30, 20
CPU_SIDE, CPU_COPY_BYTES = 256, 1 << 27


def run(out: Path | None = None) -> None:
    """Measure the GPU, or the CPU, and print both rates.

    Args:
        out: Folder for the JSON; None: `bench/results/`.
    """
    rates = measure(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    path = write_result("device", rates, out)
    print(
        f"bf16 product {rates['gemm_tflops']:,.2f} TFLOP/s, copy {rates['copy_gb_per_s']:,.0f} GB/s; {path}"
    )


def measure(device: torch.device) -> dict[str, float]:
    """Reference rates for the other numbers; on a CPU with smaller data, since it may lack bfloat16 arithmetic.

    Args:
        device: a GPU, or the CPU.

    Returns:
        gemm_tflops (2 * side**3 operations), copy_gb_per_s (bytes read and written).
    """
    side, copy_bytes = (CPU_SIDE, CPU_COPY_BYTES) if device.type == "cpu" else (SIDE, COPY_BYTES)
    left = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    right, product = torch.randn_like(left), torch.empty_like(left)
    source = torch.zeros(copy_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    calls = {
        "gemm": lambda _: torch.mm(left, right, out=product),
        "copy": lambda _: target.copy_(source),
    }
    seconds = {
        name: statistics.median(spent) / 1000
        for name, spent in timed_in_turn(calls, device, ROUNDS, 1).items()
    }
    return {
        "gemm_tflops": 2 * side**3 / seconds["gemm"] / 1e12,
        "copy_gb_per_s": 2 * copy_bytes / seconds["copy"] / 1e9,
    }
